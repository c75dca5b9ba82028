use super::*;
use crate::testing;

const APP: &str = "FROM oven/bun:1\nWORKDIR /app\nCOPY . .\nRUN ";
const LOCK: (&str, &str) = ("bun.lock", "{}");

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Bun, &format!("{APP}{run}"), files)
}

fn caches(dockerfile: &str, files: &[(&str, &str)]) -> String {
    testing::caches(&Bun, dockerfile, files)
}

#[test]
fn recognises_installs_in_every_form() {
    let files = &[("package.json", "{}"), LOCK, ("src/a.ts", "")];
    for run in [
        "bun install --frozen-lockfile",
        "bun i --frozen-lockfile --production",
        "bun ci",
        "bun install -p",
        "bun install --frozen-lockfile --filter './web'",
        "bun install --frozen-lockfile --omit dev --no-progress",
        "bun --cwd /app install --frozen-lockfile",
    ] {
        assert_eq!(
            needs(run, files),
            "install /app; files bun.lock package.json; outputs node_modules",
            "{run}"
        );
    }
    for run in ["bun install", "bun i --no-save"] {
        let expected = "install /app; files bun.lock package.json; outputs node_modules; rewritten bun.lock";
        assert_eq!(needs(run, files), expected, "{run}");
    }
}

#[test]
fn leaves_everything_else_opaque() {
    for run in [
        "bun run build",
        "bun build ./x.ts",
        "bun x tsc",
        "bun test",
        "bun x.ts",
        "bun add x",
        "bun install x",
        "bun add -g ./x",
        "bun install -g",
        "bun install --analyze x.ts",
        "bun install --config ./x",
        "bun install --env-file x",
        "bun install $X",
        "bun link",
        "bun",
        "BUN_OPTIONS=--cwd=x bun install",
        "bunx tsc",
    ] {
        assert_eq!(needs(run, &[("package.json", "{}"), LOCK]), "opaque", "{run}");
    }
}

#[test]
fn tells_packages_and_cleaning() {
    for run in ["bun add -g turbo@2", "bun install --global serve"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "packages", "{run}");
    }
    assert_eq!(needs("bun --version", &[("package.json", "{}")]), "settings");
    assert_eq!(needs("bun pm cache rm", &[("package.json", "{}")]), "clean-cache");
}

#[test]
fn migrates_lock_files_of_others() {
    let files = &[("package.json", "{}"), ("package-lock.json", "{}"), ("yarn.lock", "")];
    assert_eq!(
        needs("bun install", files),
        "install /app; files package-lock.json package.json yarn.lock; outputs node_modules"
    );
    let own = &[files[0], files[1], ("bun.lockb", "")];
    assert_eq!(
        needs("bun install --frozen-lockfile", own),
        "install /app; files bun.lockb package.json; outputs node_modules"
    );
    assert_eq!(needs("bun install", &[files[0]]), "install /app; files package.json; outputs node_modules");
}

#[test]
fn reads_configuration_and_environment() {
    let files = &[
        ("web/package.json", "{\"patchedDependencies\": {\"a@1\": \"patches/a.patch\"}}"),
        ("web/bunfig.toml", "[install.scopes]\nx = { token = \"$TOKEN\", url = \"https://x\" }\n"),
        ("web/.npmrc", "//x/:_authToken=${NPM}\n"),
        ("web/.env.local", "A=b"),
        ("web/patches/a.patch", ""),
    ];
    let expected = "files .env.local .npmrc bunfig.toml package.json patches/a.patch; outputs node_modules; variables NPM \
                    TOKEN";
    assert_eq!(needs("cd web && bun i", files), format!("install /app/web; {expected}"));
    assert_eq!(needs("bun --cwd=web i", files), format!("install /app/web; {expected}"));
    for (bunfig, reason) in [
        ("a = [", "bunfig.toml:1 is not valid TOML"),
        (
            "[install.security]\nscanner = \"./scan.ts\"",
            "bunfig.toml:2 runs ./scan.ts on install, which may read any source file",
        ),
    ] {
        let found = needs("bun i", &[("package.json", "{}"), ("bunfig.toml", bunfig)]);
        assert_eq!(found, format!("refused: {reason}"));
    }
    let script = ("package.json", r#"{"scripts": {"prepare": "tsc"}}"#);
    assert!(
        needs("bun i -p", &[script]).starts_with("refused: package.json:1 runs \"tsc\" on install (prepare)")
    );
    let quiet = needs("bun i", &[script, ("bunfig.toml", "[install]\nignoreScripts = true")]);
    assert_eq!(quiet, "install /app; files bunfig.toml package.json; outputs node_modules");
}

#[test]
fn follows_workspaces_and_local_packages() {
    let files = &[
        ("package.json", r#"{"workspaces": {"packages": ["packages/*"], "catalog": {}}}"#),
        ("bun.lock", "{\n  \"workspaces\": {\n    \"\": {\n    },\n    \"lib\": {\n    },\n  },\n}\n"),
        ("packages/a/package.json", r#"{"dependencies": {"b": "workspace:*", "v": "file:../../v"}}"#),
        ("packages/b/package.json", "{}"),
        ("lib/package.json", "{}"),
        ("v/package.json", "{}"),
    ];
    let expected = "files bun.lock lib/package.json package.json packages/a/package.json packages/b/package.json; \
                    directories v; outputs lib/node_modules node_modules packages/a/node_modules \
                    packages/b/node_modules v/node_modules";
    assert_eq!(needs("bun ci", files), format!("install /app; {expected}"));
    let member = needs("cd packages/a && bun ci", files);
    assert!(member.contains("/app/bun.lock") && member.contains("/app/packages/b/package.json"), "{member}");
    let link = ("package.json", "{\n\"dependencies\": {\"x\": \"link:x\"}}");
    assert_eq!(
        needs("bun i", &[link]),
        "refused: package.json:2 depends on link:x, a package linked on the machine"
    );
    assert_eq!(
        needs("bun i", &[("x", "")]),
        "refused: no package.json is copied from the build context to /app"
    );
}

#[test]
fn aims_the_cache_at_the_user() {
    let files = &[("package.json", "{}"), LOCK];
    for (dockerfile, expected) in [
        ("FROM oven/bun:1\nRUN bun i", "/root/.bun/install/cache pure locked"),
        ("FROM oven/bun:1\nUSER bun\nRUN bun i", "/home/bun/.bun/install/cache pure locked"),
        ("FROM node:20\nENV BUN_INSTALL=/b\nRUN bun i", "/b/install/cache pure locked"),
        ("FROM node:20\nENV BUN_INSTALL_CACHE_DIR=/c\nRUN bun i", "/c pure locked"),
        ("FROM node:20\nRUN bun i --cache-dir=/d", "/d pure locked"),
        ("FROM node:20\nRUN bun add -g x", "/root/.bun/install/cache pure locked"),
        ("FROM node:20\nRUN bun i --lockfile-only", ""),
        ("FROM node:20\nRUN bun pm cache rm", ""),
        (
            "FROM node:20\nRUN bun i --backend symlink",
            "refused: --backend symlink has programs read their packages from bun's cache",
        ),
        (
            "FROM oven/bun:1\nUSER bun\nRUN bun add -g x",
            "refused: a mount would leave ~/.bun to root while bun installs a global package there",
        ),
    ] {
        assert_eq!(caches(dockerfile, files), expected, "{dockerfile}");
    }
    let dockerfile = format!("{APP}bun i");
    let configured = |text| caches(&dockerfile, &[files[0], ("bunfig.toml", text)]);
    assert_eq!(configured("[install.cache]\ndir = \".c\""), "/app/.c pure locked");
    assert_eq!(configured("[install]\ncache = false"), "refused: bunfig.toml:2 turns bun's cache off");
}

/// What bun 1.3.14, 1.4.0 and 1.4.5 made was looked at: links into the cache.
#[test]
fn packages_are_run_from_a_global_store() {
    const STORE: &str = "[install]\nglobalStore = true\n";
    let files = &[("package.json", r#"{"workspaces": ["web"]}"#), ("web/package.json", "{}"), LOCK];
    let stored =
        |run: &str, more: (&str, &str)| caches(&format!("{APP}{run}"), &[files[0], files[1], files[2], more]);
    let why = "programs run from bun's global virtual store, which lies in its cache";
    for (run, name, text, at) in [
        ("bun install", "bunfig.toml", STORE, "bunfig.toml:2"),
        ("cd web && bun install", "bunfig.toml", STORE, "bunfig.toml:2"),
        ("bun install --cwd web", "bunfig.toml", STORE, "bunfig.toml:2"),
        ("BUN_INSTALL_GLOBAL_STORE=1 bun install", "x", "", "BUN_INSTALL_GLOBAL_STORE"),
        // It is on in 1.3.14.
        ("BUN_INSTALL_GLOBAL_STORE=false bun install", "x", "", "BUN_INSTALL_GLOBAL_STORE"),
        ("BUN_INSTALL_GLOBAL_STORE=1 bun add -g x", "x", "", "BUN_INSTALL_GLOBAL_STORE"),
    ] {
        assert_eq!(stored(run, (name, text)), format!("refused: with {at}, {why}"), "{run}");
    }
    for name in [".env", ".env.production"] {
        for variable in ["BUN_INSTALL_GLOBAL_STORE=1", "export BUN_INSTALL_CACHE_DIR=/c"] {
            let found = stored("cd web && bun install", (name, variable));
            assert!(found.starts_with(&format!("refused: {name}:1 sets BUN_INSTALL_")), "{found}");
        }
    }
    let elsewhere = "FROM oven/bun:1\nENV XDG_CONFIG_HOME=/x\nCOPY b.toml /x/.bunfig.toml\nWORKDIR /app\nCOPY . .\nRUN bun i";
    assert_eq!(
        caches(elsewhere, &[files[0], files[2], ("b.toml", STORE)]),
        "refused: b.toml:2 sets globalStore, which may move bun's cache"
    );
    for (run, name, text) in [
        ("bun install", "bunfig.toml", "[install]\nglobalStore = false\n"),
        ("BUN_INSTALL_GLOBAL_STORE=0 bun install", "bunfig.toml", STORE),
        ("bun install --linker hoisted", "bunfig.toml", STORE),
        ("bun install", ".env", "BUN_ENV=x\n"),
    ] {
        assert_eq!(stored(run, (name, text)), "/root/.bun/install/cache pure locked", "{run}");
    }
}

#[test]
fn every_lifecycle_script_counts() {
    for script in ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"] {
        let manifest = format!(r#"{{"scripts": {{"{script}": "tsc"}}}}"#);
        let found = needs("bun i", &[("package.json", &manifest), LOCK]);
        assert!(
            found.starts_with(&format!("refused: package.json:1 runs \"tsc\" on install ({script})")),
            "{found}"
        );
    }
}

#[test]
fn patch_package_needs_its_patches() {
    let manifest = ("package.json", r#"{"scripts": {"postinstall": "bunx patch-package"}}"#);
    assert_eq!(
        needs("bun ci", &[manifest, LOCK, ("patches/a+1.0.0.patch", ""), ("src/x.ts", "")]),
        "install /app; files bun.lock package.json; directories patches; outputs node_modules"
    );
}
