use super::*;
use crate::testing;

const APP: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN ";
const LOCK: (&str, &str) = ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Pnpm, &format!("{APP}{run}"), files)
}

fn caches(dockerfile: &str, files: &[(&str, &str)]) -> String {
    testing::caches(&Pnpm, dockerfile, files)
}

#[test]
fn recognises_installs_in_every_form() {
    let files = &[("package.json", "{}"), LOCK, ("src/a.js", "")];
    for run in [
        "pnpm install --frozen-lockfile",
        "pnpm i --frozen-lockfile --prod",
        "pnpm i -P --frozen-lockfile --ignore-scripts",
        "pnpm -r install --frozen-lockfile --offline",
        "pnpm recursive install --frozen-lockfile",
        "pnpm --filter web... install --frozen-lockfile",
        "pnpm --filter=web i --frozen-lockfile --reporter=append-only",
        "pnpm ci",
        "pnpm fetch",
        "pnpm fetch --prod",
        "CI=true pnpm i --frozen-lockfile",
        "pnpm -w i --frozen-lockfile",
        "pnpm --dir /app i --frozen-lockfile",
    ] {
        let expected = "install /app; files package.json pnpm-lock.yaml; outputs node_modules";
        assert_eq!(needs(run, files), expected, "{run}");
    }
    for run in ["pnpm install", "pnpm i --force", "pnpm i --no-frozen-lockfile"] {
        let expected =
            "install /app; files package.json pnpm-lock.yaml; outputs node_modules; rewritten pnpm-lock.yaml";
        assert_eq!(needs(run, files), expected, "{run}");
    }
}

#[test]
fn leaves_everything_else_opaque() {
    for run in [
        "pnpm build",
        "pnpm run build",
        "pnpm -r build",
        "pnpm exec x",
        "pnpm dlx x",
        "pnpm add -g ./x",
        "pnpm add -g",
        "pnpm deploy --filter=x /out",
        "pnpm --filter x deploy --prod /out",
        "pnpm prune --prod",
        "pnpm rebuild",
        "pnpm install --lockfile-dir ..",
        "pnpm install --modules-dir x",
        "pnpm install --unknown",
        "pnpm install $X",
        "pnpm config set x y --location project",
        "npm_config_lockfile_dir=.. pnpm i",
        "pnpm",
        "pnpm import",
        "npm ci",
    ] {
        assert_eq!(needs(run, &[("package.json", "{}"), LOCK]), "opaque", "{run}");
    }
}

#[test]
fn tells_packages_and_cleaning() {
    for run in ["pnpm add -g turbo@2", "pnpm i -g serve", "pnpm add -g a b"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "packages", "{run}");
    }
    for run in ["pnpm add x", "pnpm install x", "pnpm add --save-dev x"] {
        assert_eq!(testing::touches(&Pnpm, &format!("FROM node\nRUN {run}"), "/x"), "rw", "{run}");
    }
    for run in ["pnpm --version", "pnpm config set store-dir /s"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "settings", "{run}");
    }
    assert_eq!(needs("pnpm store prune", &[("package.json", "{}")]), "clean-cache");
}

#[test]
fn finds_project_and_workspace() {
    let files = &[
        ("pnpm-workspace.yaml", "packages:\n  - 'packages/*'\n  - '!packages/old'\n"),
        LOCK,
        ("package.json", "{}"),
        (".npmrc", "//r/:_authToken=${TOKEN}\n"),
        ("packages/a/package.json", "{}"),
        ("packages/a/.npmrc", ""),
        ("packages/a/src/x", ""),
        ("packages/old/package.json", "{}"),
        ("alone/package.json", "{}"),
    ];
    let expected = "install /app; files .npmrc package.json packages/a/.npmrc packages/a/package.json pnpm-lock.yaml \
                    pnpm-workspace.yaml; outputs node_modules packages/a/node_modules; variables TOKEN";
    assert_eq!(needs("pnpm i --frozen-lockfile", files), expected);
    let member = needs("pnpm -C packages/a i --frozen-lockfile", files);
    assert!(member.contains("/app/pnpm-lock.yaml /app/pnpm-workspace.yaml package.json"), "{member}");
    let alone = needs("cd alone && pnpm i --ignore-workspace", files);
    assert_eq!(alone, "install /app/alone; files package.json; outputs node_modules");
    assert_eq!(
        needs("cd packages && pnpm i", &[("package.json", "{}"), ("packages/x", "")]),
        "refused: no package.json is copied from the build context to /app/packages"
    );
    // The field of package.json is npm's and yarn's.
    let npm = &[("package.json", r#"{"workspaces": ["a"]}"#), ("a/package.json", "{}")];
    assert_eq!(needs("pnpm i", npm), "install /app; files package.json; outputs node_modules");
    let yaml = &[("package.yaml", "name: x\n")];
    assert_eq!(
        needs("pnpm i", yaml),
        "refused: package.yaml is a kind of manifest that dockfix does not read"
    );
}

#[test]
fn the_lock_file_names_members_and_directories() {
    let lock = "importers:\n\n  .: {}\n\n  lib/a:\n    dependencies:\n\npackages:\n\n  v@file:v:\n    resolution: \
                {directory: v, type: directory}\n";
    let files = &[
        ("package.json", r#"{"dependencies": {"v": "file:v", "l": "link:../l"}}"#),
        ("pnpm-lock.yaml", lock),
        ("lib/a/package.json", "{}"),
        ("v/package.json", "{}"),
        ("v/x.js", ""),
    ];
    assert_eq!(
        needs("pnpm i --frozen-lockfile", files),
        "refused: package.json:1 depends on link:../l, which no COPY from the build context brings"
    );
    let files =
        &[("package.json", r#"{"dependencies": {"v": "file:v"}}"#), files[1], files[2], files[3], files[4]];
    assert_eq!(
        needs("pnpm i --frozen-lockfile", files),
        "install /app; files lib/a/package.json package.json pnpm-lock.yaml; directories v; outputs lib/a/node_modules \
         node_modules v/node_modules"
    );
}

#[test]
fn reads_settings_hooks_and_patches() {
    let files = &[
        ("package.json", r#"{"pnpm": {"patchedDependencies": {"a": "patches/a.patch"}}}"#),
        LOCK,
        ("pnpm-workspace.yaml", "patchedDependencies:\n  b@1: patches/b.patch\n"),
        (".pnpmfile.cjs", "module.exports = { hooks: {} }"),
        ("patches/a.patch", ""),
        ("patches/b.patch", ""),
    ];
    assert_eq!(
        needs("pnpm fetch", files),
        "install /app; files .pnpmfile.cjs package.json patches/a.patch patches/b.patch pnpm-lock.yaml \
         pnpm-workspace.yaml; outputs node_modules"
    );
    for (name, text, reason) in [
        (
            "pnpm-workspace.yaml",
            "patchedDependencies:\n  b@1: patches/b.patch\n",
            "pnpm-workspace.yaml:2 names the patch patches/b.patch, which is not in the build context",
        ),
        (
            "pnpm-workspace.yaml",
            "gitBranchLockfile: true\n",
            "pnpm-workspace.yaml:1 chooses the lock file by the branch that .git is on",
        ),
        (
            "pnpm-workspace.yaml",
            "modulesDir: m\n",
            "pnpm-workspace.yaml:1 sets modulesDir, which may name any file",
        ),
        (
            "pnpm-workspace.yaml",
            "injectWorkspacePackages: true\n",
            "pnpm-workspace.yaml:1 has the install copy members as a whole",
        ),
        (
            "pnpm-workspace.yaml",
            "python:\n  enabled: true\n",
            "pnpm-workspace.yaml:1 has pnpm install packages of python as well",
        ),
        (".pnpmfile.cjs", "const x = require('./x')", ".pnpmfile.cjs:1 may read any source file"),
        (".npmrc", "a=b\nlockfile-dir=..", ".npmrc:2 sets lockfile-dir, which may name any file"),
    ] {
        let found = needs("pnpm i", &[("package.json", "{}"), LOCK, (name, text)]);
        assert_eq!(found, format!("refused: {reason}"), "{name}");
    }
}

#[test]
fn refuses_scripts_that_read_sources() {
    let script = ("package.json", r#"{"scripts": {"prepare": "nuxt prepare"}}"#);
    let refusal =
        "refused: package.json:1 runs \"nuxt prepare\" on install (prepare), which may read any source file";
    for run in ["pnpm i --frozen-lockfile", "pnpm ci", "pnpm i --prod"] {
        assert_eq!(needs(run, &[script, LOCK, ("src/x", "")]), refusal, "{run}");
    }
    let plain = "install /app; files package.json pnpm-lock.yaml; outputs node_modules";
    assert_eq!(needs("pnpm i --frozen-lockfile --ignore-scripts", &[script, LOCK]), plain);
    assert_eq!(needs("pnpm fetch", &[script, LOCK]), plain);
    let hook = ("package.json", r#"{"scripts": {"pnpm:devPreinstall": "node x.js"}}"#);
    assert!(needs("pnpm i", &[hook, LOCK]).starts_with("refused: package.json:1 runs \"node x.js\""));
}

#[test]
fn scripts_of_dependencies_run_where_they_are_allowed() {
    let nx = |manifest: &str, workspace: &str| {
        let files = [("package.json", manifest), LOCK, ("nx.json", "{}"), ("pnpm-workspace.yaml", workspace)];
        needs("pnpm i --frozen-lockfile", &files).split(';').next().unwrap_or_default().to_owned()
    };
    let refusal = "refused: package.json:1 depends on nx, which reads the whole workspace on install";
    let manifest = r#"{"dependencies": {"nx": "20"}}"#;
    let ten = r#"{"dependencies": {"nx": "20"}, "packageManager": "pnpm@10.1.0"}"#;
    assert_eq!(nx(manifest, ""), refusal);
    assert_eq!(nx(ten, ""), "install /app");
    let hashed = r#"{"dependencies": {"nx": "20"}, "packageManager": "pnpm@10.25.0+sha512.5e82"}"#;
    assert_eq!(nx(hashed, ""), "install /app");
    assert_eq!(nx(ten, "onlyBuiltDependencies: [nx]"), refusal);
    assert_eq!(nx(ten, "allowBuilds: {nx: true}"), refusal);
    assert_eq!(nx(ten, "onlyBuiltDependencies: [esbuild]"), "install /app");
}

#[test]
fn programs_of_members_must_be_executable() {
    let member = ("a/package.json", r#"{"bin": "cli.js"}"#);
    let workspace = ("pnpm-workspace.yaml", "packages: [a]");
    let files = |version: &'static str| {
        [("package.json", version), LOCK, workspace, member, ("a/cli.js", "#!/usr/bin/env node\n")]
    };
    let refused = needs("pnpm i", &files("{}"));
    assert!(
        refused.starts_with("refused: a/package.json:1 names the program cli.js, which pnpm makes"),
        "{refused}"
    );
    let eleven = needs("pnpm i --frozen-lockfile", &files(r#"{"packageManager": "pnpm@11.0.0"}"#));
    assert!(eleven.starts_with("install /app; files a/cli.js a/package.json"), "{eleven}");
}

#[test]
fn aims_the_mount_at_the_store() {
    let files = &[("package.json", "{}"), LOCK];
    for (dockerfile, expected) in [
        ("FROM node:20\nRUN pnpm i", "/root/.local/share/pnpm/store pure shared; OFF"),
        ("FROM node:20\nENV PNPM_HOME=/pnpm\nRUN pnpm i", "/pnpm/store pure shared; OFF"),
        ("FROM node:20\nENV XDG_DATA_HOME=/x\nRUN pnpm i", "/x/pnpm/store pure shared; OFF"),
        ("FROM node:20\nENV npm_config_store_dir=/s\nRUN pnpm i", "/s pure shared; OFF"),
        ("FROM node:20\nRUN pnpm i --store-dir /t", "/t pure shared; OFF"),
        ("FROM node:20\nRUN pnpm fetch", "/root/.local/share/pnpm/store pure shared; OFF"),
        (
            "FROM node:20\nUSER node\nRUN pnpm i",
            "/home/node/.local/share/pnpm/store pure shared; after pnpm insert --store-dir \
             /home/node/.local/share/pnpm/store --config.side-effects-cache=false",
        ),
        ("FROM node:20\nUSER node\nRUN pnpm i --store-dir ~/s", "/home/node/s pure shared; OFF"),
        (
            "FROM node:20\nUSER node\nRUN pnpm i --store-dir ~bob/s",
            "refused: --store-dir names a directory that is only known in the build",
        ),
        ("FROM node:20\nRUN pnpm i --lockfile-only", ""),
        ("FROM node:20\nRUN pnpm store prune", ""),
        (
            "FROM node:20\nRUN pnpm add -g x",
            "refused: pnpm 11 and later run global packages from the store, so it cannot be mounted",
        ),
        (
            "FROM company/node\nRUN pnpm i",
            "refused: it is not known which user runs it, so the cache directory is not either",
        ),
    ] {
        assert_eq!(caches(dockerfile, files), expected.replace("OFF", OFF), "{dockerfile}");
    }
    let dockerfile = format!("{APP}pnpm i");
    let settings = |text| caches(&dockerfile, &[files[0], LOCK, ("pnpm-workspace.yaml", text)]);
    assert_eq!(settings("storeDir: /w"), format!("/w pure shared; {OFF}"));
    assert_eq!(
        settings("storeDir: ~/w"),
        "refused: pnpm-workspace.yaml:1 names the store in a way that dockfix does not read"
    );
    assert_eq!(
        settings("enableGlobalVirtualStore: true"),
        "refused: with a global virtual store, programs read their packages from pnpm's store"
    );
    assert_eq!(
        caches(&dockerfile, &[files[0], (".npmrc", "store-dir=.s")]),
        format!("/app/.s pure shared; {OFF}")
    );
}

/// What keeps the store from handing on what install scripts have made.
const OFF: &str = "after pnpm insert --config.side-effects-cache=false";

#[test]
fn what_install_scripts_make_is_not_kept_in_the_mount() {
    let store = "/root/.local/share/pnpm/store pure shared";
    let plan = |run: &str, manifest: &str, more: (&str, &str)| {
        caches(&format!("{APP}{run}"), &[("package.json", manifest), LOCK, more])
    };
    let off = format!("{store}; {OFF}");
    let none = ("a", "");
    for (run, manifest, more, expected) in [
        ("pnpm i", "{}", none, &*off),
        ("pnpm i", r#"{"packageManager": "pnpm@9.1.0"}"#, none, &off),
        ("pnpm fetch", r#"{"packageManager": "pnpm@9.1.0"}"#, none, &off),
        // pnpm 7.0 takes from the store what scripts made even where it is to run none.
        ("pnpm i --ignore-scripts", "{}", none, &off),
        ("pnpm i --ignore-scripts", r#"{"packageManager": "pnpm@8.1.0"}"#, none, store),
        ("pnpm i --no-side-effects-cache", "{}", none, store),
        ("pnpm --config.side-effects-cache=false i", "{}", none, store),
        ("pnpm i", r#"{"packageManager": "pnpm@10.1.0"}"#, none, store),
        ("pnpm i --allow-build=x", r#"{"packageManager": "pnpm@10.1.0"}"#, none, &off),
        (
            "npm_config_dangerously_allow_all_builds=1 pnpm i",
            r#"{"packageManager": "pnpm@10.1.0"}"#,
            none,
            &off,
        ),
        (
            "pnpm i",
            r#"{"packageManager": "pnpm@10.1.0", "pnpm": {"onlyBuiltDependencies": ["x"]}}"#,
            none,
            &off,
        ),
        (
            "pnpm i",
            r#"{"packageManager": "pnpm@10.1.0", "pnpm": {"neverBuiltDependencies": []}}"#,
            none,
            &off,
        ),
        (
            "pnpm i",
            r#"{"packageManager": "pnpm@10.1.0"}"#,
            ("pnpm-workspace.yaml", "allowBuilds: {x: true}"),
            &off,
        ),
        (
            "pnpm i",
            r#"{"packageManager": "pnpm@10.1.0"}"#,
            (".npmrc", "dangerously-allow-all-builds=true"),
            &off,
        ),
        ("pnpm i", r#"{"packageManager": "pnpm@10.1.0"}"#, (".pnpmfile.cjs", "module.exports = {}"), &off),
    ] {
        assert_eq!(plan(run, manifest, more), expected, "{run} {manifest} {more:?}");
    }
    let refused = "refused: it is told to keep what install scripts make in the store, where builds for other images \
                   would find it";
    for run in ["pnpm i --side-effects-cache", "pnpm --config.side-effects-cache=$X i"] {
        assert_eq!(plan(run, "{}", none), refused, "{run}");
    }
}

/// A link is followed to its manifest alone; a member and a repository of git are named and bring nothing more.
#[test]
fn links_and_members_bring_their_manifests() {
    let files = &[
        ("package.json", "{}"),
        LOCK,
        ("pnpm-workspace.yaml", "packages: [web, lib]\n"),
        (
            "web/package.json",
            r#"{"dependencies": {"lib": "workspace:*", "ui": "link:../ui", "sql": "github:o/sql#v1"}}"#,
        ),
        ("lib/package.json", r#"{"name": "lib"}"#),
        ("lib/index.js", ""),
        ("ui/package.json", "{}"),
        ("ui/index.js", ""),
    ];
    assert_eq!(
        needs("pnpm i --frozen-lockfile", files),
        "install /app; files lib/package.json package.json pnpm-lock.yaml pnpm-workspace.yaml ui/package.json \
         web/package.json; outputs lib/node_modules node_modules web/node_modules"
    );
}

#[test]
fn every_lifecycle_script_counts() {
    for script in
        ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"]
    {
        let manifest = format!(r#"{{"scripts": {{"{script}": "tsc"}}}}"#);
        let found = needs("pnpm i", &[("package.json", &manifest), LOCK]);
        assert!(
            found.starts_with(&format!("refused: package.json:1 runs \"tsc\" on install ({script})")),
            "{found}"
        );
        let member = needs(
            "pnpm i",
            &[
                ("package.json", "{}"),
                LOCK,
                ("pnpm-workspace.yaml", "packages: [a]"),
                ("a/package.json", &manifest),
            ],
        );
        assert!(member.starts_with("refused: a/package.json:1 runs \"tsc\""), "{member}");
    }
}

#[test]
fn patch_package_needs_its_patches() {
    let manifest = ("package.json", r#"{"scripts": {"postinstall": "pnpm exec patch-package"}}"#);
    assert_eq!(
        needs("pnpm i --frozen-lockfile", &[manifest, LOCK, ("patches/a+1.0.0.patch", ""), ("src/x.js", "")]),
        "install /app; files package.json pnpm-lock.yaml; directories patches; outputs node_modules"
    );
}

/// Packages that lie below the store would go with it: the image would keep links that lead nowhere.
#[test]
fn packages_below_the_store_stay_in_the_image() {
    let with = |npmrc: &str| {
        let files = [("package.json", "{\"packageManager\": \"pnpm@10.1.0\"}"), (".npmrc", npmrc), LOCK];
        caches(&format!("{APP}pnpm i --frozen-lockfile"), &files)
    };
    let refused = |npmrc: &str| {
        assert_eq!(
            with(npmrc),
            "refused: .npmrc:1 puts the packages below pnpm's store, where the image would not have them",
            "{npmrc}"
        );
    };
    refused("virtual-store-dir=/root/.local/share/pnpm/store/virtual\n");
    refused("virtual-store-dir=${HOME}/.pnpm\n");
    for npmrc in ["virtual-store-dir=/pnpm\n", "virtual-store-dir=node_modules/.p\n"] {
        assert_eq!(with(npmrc), "/root/.local/share/pnpm/store pure shared", "{npmrc}");
    }
}
