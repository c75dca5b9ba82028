//! What runs on install: scripts of the project, and packages that look at it.

use super::*;

#[test]
fn refuses_scripts_that_read_sources() {
    let manifest =
        "{\n \"scripts\": {\n  \"build\": \"tsc\",\n  \"postinstall\": \"node scripts/x.js\"\n }\n}";
    let files = &[("package.json", manifest), ("package-lock.json", "{}")];
    assert_eq!(
        needs("npm ci", files),
        "refused: package.json:4 runs \"node scripts/x.js\" on install (postinstall), which may read any source file"
    );
    let plain = "install /app; files package-lock.json package.json; outputs node_modules";
    assert_eq!(needs("npm ci --ignore-scripts", files), plain);
    assert_eq!(needs("npm_config_ignore_scripts=true npm ci", files), plain);
    let quiet = &[files[0], files[1], (".npmrc", "ignore-scripts=true")];
    assert_eq!(
        needs("npm ci", quiet),
        "install /app; files .npmrc package-lock.json package.json; outputs node_modules"
    );
    for script in ["preinstall", "install", "prepublish", "prepare", "postprepare", "dependencies"] {
        let manifest = format!(r#"{{"scripts": {{"{script}": "tsc"}}}}"#);
        let found = needs("npm install", &[("package.json", &manifest)]);
        assert!(found.starts_with("refused: package.json:1 runs \"tsc\""), "{script}: {found}");
    }
    let member = &[
        ("package.json", r#"{"workspaces": ["a"]}"#),
        ("a/package.json", r#"{"scripts": {"prepublish": "tsc", "prepare": "tsc"}}"#),
    ];
    assert!(
        needs("npm i", member).starts_with("refused: a/package.json:1 runs \"tsc\" on install (prepare)")
    );
}

#[test]
fn knows_harmless_scripts() {
    let manifest = r#"{"scripts": {"prepare": "husky", "postinstall": "patch-package"}}"#;
    let files =
        &[("package.json", manifest), ("package-lock.json", "{}"), ("patches/a.patch", ""), ("src/x.js", "")];
    assert_eq!(
        needs("npm ci", files),
        "install /app; files package-lock.json package.json; directories patches; outputs node_modules"
    );
    let git = &[files[0], files[1], (".git/HEAD", "ref")];
    assert_eq!(
        needs("npm ci", git),
        "refused: package.json:1 installs git hooks, and .git is part of the build context"
    );
    let ignored = &[git[0], git[1], git[2], (".dockerignore", ".git")];
    assert_eq!(
        needs("npm ci", ignored),
        "install /app; files package-lock.json package.json; outputs node_modules"
    );
}

const SCHEMA: &str =
    "generator client {\n  provider = \"prisma-client-js\"\n  output = \"../src/generated\"\n}\n";

#[test]
fn prisma_needs_its_schema() {
    let files = &[
        ("package.json", r#"{"dependencies": {"@prisma/client": "^6.1.0"}}"#),
        ("package-lock.json", "{}"),
        ("prisma/schema.prisma", SCHEMA),
        (".env", "DATABASE_URL=x"),
        ("src/x.ts", ""),
    ];
    assert_eq!(
        needs("npm ci", files),
        "install /app; files .env package-lock.json package.json prisma/schema.prisma; outputs node_modules src/generated"
    );
    let seven = &[("package.json", r#"{"dependencies": {"@prisma/client": "^7.1.0"}}"#), files[1], files[2]];
    assert_eq!(
        needs("npm ci", seven),
        "install /app; files package-lock.json package.json; outputs node_modules"
    );
    let script = |script: &str, schema: &str| {
        let manifest = format!(r#"{{"scripts": {{"postinstall": "{script}"}}}}"#);
        needs("npm ci", &[("package.json", &manifest), files[1], ("db/s.prisma", schema)])
    };
    assert_eq!(
        script("prisma generate --schema=db/s.prisma", "generator c {\n provider = \"prisma-client-js\"\n}"),
        "install /app; files db/s.prisma package-lock.json package.json; outputs node_modules"
    );
    assert_eq!(
        script("prisma generate", ""),
        "refused: package.json:1 runs prisma generate, and its schema is not found in the build context"
    );
    assert_eq!(
        script("prisma generate --schema db/s.prisma", "generator c {\n provider = \"node ./gen.js\"\n}"),
        "refused: db/s.prisma:2 runs the generator \"node ./gen.js\" on install, which may read any source file"
    );
    let configured = &[
        ("package.json", r#"{"scripts": {"postinstall": "prisma generate"}}"#),
        files[1],
        ("prisma.config.ts", "import 'dotenv/config'\nexport default { schema: 'db' }"),
        ("db/a.prisma", ""),
        ("db/b.prisma", ""),
    ];
    assert_eq!(
        needs("npm ci", configured),
        "install /app; files package-lock.json package.json prisma.config.ts; directories db; outputs node_modules"
    );
    // A member has a schema of its own.
    let member = |manifest: &str| {
        let root = r#"{"workspaces": ["db"], "dependencies": {"@prisma/client": "^6.19.0"}}"#;
        let client = ("db/schema.prisma", "generator c {\n provider = \"prisma-client-js\"\n}");
        let other = ("db/x/y.prisma", "");
        needs("npm ci", &[("package.json", root), files[1], ("db/package.json", manifest), client, other])
    };
    assert_eq!(
        member(r#"{"prisma": {"seed": "tsx seed.ts"}}"#),
        "install /app; files db/package.json db/schema.prisma package-lock.json package.json; outputs db/node_modules \
         node_modules"
    );
    assert_eq!(
        member(r#"{"prisma": {"schema": "x/y.prisma"}}"#),
        "install /app; files db/package.json db/schema.prisma db/x/y.prisma package-lock.json package.json; outputs \
         db/node_modules node_modules"
    );
    assert_eq!(
        member(r#"{"prisma": {"schema": "gone.prisma"}}"#),
        "refused: db/package.json:1 names gone.prisma as prisma's schema, which is not in the build context"
    );
}

#[test]
fn other_packages_look_at_the_project() {
    let lock = ("package-lock.json", "{}");
    let msw =
        ("package.json", r#"{"devDependencies": {"msw": "2"}, "msw": {"workerDirectory": ["public"]}}"#);
    assert_eq!(
        needs("npm ci", &[msw, lock]),
        "install /app; files package-lock.json package.json; outputs node_modules public/mockServiceWorker.js"
    );
    assert_eq!(
        needs("npm ci", &[msw, lock, ("public/mockServiceWorker.js", "")]),
        "refused: package.json:1 has msw write public/mockServiceWorker.js on install, and a later COPY would bring \
         back the old one"
    );
    let nx = ("package.json", r#"{"devDependencies": {"nx": "19"}}"#);
    assert_eq!(
        needs("npm ci", &[nx, lock, ("nx.json", "{}")]),
        "refused: package.json:1 depends on nx, which reads the whole workspace on install"
    );
    let hooks = ("package.json", r#"{"devDependencies": {"husky": "^4.3"}}"#);
    assert_eq!(
        needs("npm ci", &[hooks, lock, (".git/HEAD", "")]),
        "refused: package.json:1 depends on husky, which installs git hooks, and .git is part of the build context"
    );
    let puppeteer = ("package.json", r#"{"dependencies": {"puppeteer": "22"}}"#);
    assert_eq!(
        needs("npm ci", &[puppeteer, lock, (".puppeteerrc.cjs", "module.exports = {}")]),
        "install /app; files .puppeteerrc.cjs package-lock.json package.json; outputs node_modules"
    );
    assert_eq!(
        needs("npm ci", &[puppeteer, lock, (".puppeteerrc.cjs", "module.exports = require('./c')")]),
        "refused: .puppeteerrc.cjs:1 may read any source file"
    );
}
