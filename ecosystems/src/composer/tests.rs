use super::*;
use crate::testing::{caches, moves_caches, needs};

const PHP: &str = "FROM php:8.3\nWORKDIR /app\nCOPY . .\n";
const LOCK: (&str, &str) = ("composer.lock", "{\"packages\": []}");

fn of(run: &str, files: &[(&str, &str)]) -> String {
    needs(&Composer, &format!("{PHP}RUN {run}\n"), files)
}

/// What the install needs with this manifest besides the usual.
fn with(manifest: &str, files: &[(&str, &str)]) -> String {
    let has_lock = files.iter().any(|(name, _)| *name == "composer.lock");
    let mut all = vec![("composer.json", manifest)];
    all.extend(if has_lock { None } else { Some(LOCK) });
    all.extend(files);
    let needs = of("composer install", &all);
    needs
        .replace("install /app; files ", "")
        .replace("; prefetch composer install --no-scripts --no-autoloader", "")
}

#[test]
fn an_install_goes_in_two_steps() {
    let files =
        [("composer.json", "{}"), LOCK, ("auth.json", "{}"), ("src/a.php", ""), ("composer.phar", "")];
    for (run, prefetch) in [
        ("composer install", "composer install --no-scripts --no-autoloader"),
        ("composer -n install --no-dev -o", "composer -n install --no-dev -o --no-scripts --no-autoloader"),
        (
            "COMPOSER_MEMORY_LIMIT=-1 composer install --no-scripts",
            "COMPOSER_MEMORY_LIMIT=-1 composer install --no-scripts --no-autoloader",
        ),
        (
            "/usr/bin/composer i --ignore-platform-req=ext-x",
            "/usr/bin/composer i --ignore-platform-req=ext-x --no-scripts --no-autoloader",
        ),
        ("composer --working-dir=/app install -d /app", "composer install --no-scripts --no-autoloader"),
    ] {
        assert_eq!(
            of(run, &files),
            format!(
                "install /app; files auth.json composer.json composer.lock; outputs vendor; prefetch {prefetch}"
            ),
            "{run}"
        );
    }
    assert_eq!(
        of("php -d memory_limit=-1 composer.phar install", &files),
        "install /app; files auth.json composer.json composer.lock composer.phar; outputs vendor; \
         prefetch php -d memory_limit=-1 composer.phar install --no-scripts --no-autoloader"
    );
    assert_eq!(
        of("composer install -d sub", &[("sub/composer.json", "{}"), ("sub/composer.lock", "{}")]),
        "install /app/sub; files composer.json composer.lock; outputs vendor; prefetch composer install --no-scripts --no-autoloader"
    );
}

#[test]
fn without_scripts_and_autoloader_it_is_complete() {
    let run = "composer install --no-scripts --no-autoloader";
    assert_eq!(
        of(run, &[("composer.json", "{}"), LOCK]),
        "install /app; files composer.json composer.lock; outputs vendor"
    );
    assert_eq!(of(run, &[("composer.json", "{}")]), "install /app; files composer.json; outputs vendor");
    assert_eq!(
        of(run, &[("composer.json", "{}"), LOCK, (".git/HEAD", "")]),
        "refused: .git is copied, and composer records the commit that it finds there"
    );
}

#[test]
fn other_commands_are_opaque() {
    let files = [("composer.json", "{}"), LOCK];
    for run in [
        "composer dump-autoload",
        "composer run-script x",
        "composer install $ARGS",
        "composer --version",
        "composer",
        "composer install x/y",
        "composer install --frobnicate",
        "php artisan install",
        "COMPOSER=x.json composer install",
        "composer install --dry-run",
        "php -r 'x' composer.phar install",
        "composer config -g x y",
        "COMPOSER_DISABLE_NETWORK=1 composer install",
        "COMPOSER_DISABLE_NETWORK=1 composer update",
    ] {
        assert_eq!(of(run, &files), "opaque", "{run}");
    }
    assert_eq!(of("composer global require drush/drush", &files), "packages");
    assert_eq!(of("composer clear-cache -q", &files), "clean-cache");
    for run in ["composer update", "composer require x/y:^1", "composer create-project a/b ."] {
        assert_eq!(of(run, &files), "refused: the command changes composer.json or composer.lock", "{run}");
    }
}

#[test]
fn repositories_on_disk_are_read() {
    let path = |url: &str, more: &str| {
        format!("{{\n\"repositories\": [\n{{\"type\": \"path\", \"url\": \"{url}\"{more}}}]}}")
    };
    let files = [
        ("packages/a/composer.json", "{\"bin\": [\"bin/a\"]}"),
        ("packages/a/bin/a", ""),
        ("packages/b/x", ""),
    ];
    let wanted = "composer.json composer.lock packages/a/bin/a packages/a/composer.json; outputs vendor";
    for url in ["packages/*", "./packages/a", "packages/a/"] {
        assert_eq!(with(&path(url, ""), &files), wanted, "{url}");
    }
    assert_eq!(
        with("{\"repositories\": {\"x\": {\"type\": \"path\", \"url\": \"packages/a\"}}}", &files),
        wanted
    );
    assert_eq!(
        with(&path("../pkg", ""), &files),
        "refused: composer.json:3 path repository ../pkg is not in the build context"
    );
    assert_eq!(
        with(&path("packages/a", ", \"options\": {\"symlink\": false}"), &files),
        "refused: composer.json:3 copies the path repository packages/a, so all of its files are install inputs"
    );
    let artifact = "{\"repositories\": [{\"type\": \"artifact\", \"url\": \"var/packages/\"}]}";
    assert_eq!(
        with(artifact, &[("var/packages/x.zip", "")]),
        "composer.json composer.lock; directories var/packages; outputs vendor"
    );
    assert_eq!(
        with(artifact, &[]),
        "refused: composer.json:1 takes packages from var/packages/, which is not in the build context"
    );
    assert_eq!(
        with("{\"repositories\": [{\"type\": \"vcs\", \"url\": \"../x\"}]}", &[]),
        "refused: composer.json:1 takes packages from ../x on disk"
    );
    assert_eq!(
        with(
            "{\"repositories\": [{\"type\": \"vcs\", \"url\": \"https://x\"}, {\"packagist.org\": false}]}",
            &[]
        ),
        "composer.json composer.lock; outputs vendor"
    );
}

#[test]
fn plugins_must_be_known() {
    let lock = |name: &str, list: &str| {
        format!("{{\n\"{list}\": [{{\"name\": \"{name}\", \"type\": \"composer-plugin\"}}]}}")
    };
    let with_plugin = |name: &str, manifest: &str, files: &[(&str, &str)]| {
        let lock = lock(name, "packages");
        let all: Vec<_> =
            [("composer.lock", lock.as_str())].into_iter().chain(files.iter().copied()).collect();
        with(manifest, &all)
    };
    let plain = "composer.json composer.lock; outputs vendor";
    assert_eq!(with_plugin("symfony/runtime", "{}", &[]), plain);
    assert_eq!(
        with_plugin("acme/x", "{}", &[]),
        "refused: composer.lock:2 names the plugin acme/x, whose inputs are not known"
    );
    assert_eq!(with_plugin("acme/x", "{\"config\": {\"allow-plugins\": {\"acme/x\": false}}}", &[]), plain);
    assert_eq!(
        with_plugin("symfony/flex", "{}", &[("symfony.lock", "{}")]),
        "composer.json composer.lock symfony.lock; outputs vendor"
    );
    assert_eq!(
        with_plugin("symfony/flex", "{}", &[]),
        "refused: composer.lock:2 names the plugin symfony/flex, and without symfony.lock it changes the project"
    );
    let patches = "{\"extra\": {\"patches\": {\"a/b\": {\"Mend it\": \"patches/x.patch\", \"And\": \"https://x/y.patch\"}}}}";
    assert_eq!(
        with_plugin("cweagans/composer-patches", patches, &[("patches/x.patch", "")]),
        "composer.json composer.lock patches/x.patch; outputs vendor"
    );
    let development = lock("acme/x", "packages-dev");
    let files = [("composer.json", "{}"), ("composer.lock", development.as_str())];
    assert!(of("composer install --no-dev", &files).starts_with("install"));
    assert!(of("composer install --no-plugins", &files).starts_with("install"));
    assert!(of("composer install", &files).starts_with("refused"));
}

#[test]
fn manifests_can_be_anything() {
    assert_eq!(
        of("composer install", &[("composer.json", "{}")]),
        "refused: no composer.lock is in the build context: the download would write one, with which the install runs the scripts of an install and not those of an update"
    );
    assert_eq!(
        of("composer install", &[("a.php", "")]),
        "refused: no composer.json is copied from the build context to /app"
    );
    assert!(with("{", &[]).starts_with("refused: composer.json is no JSON"));
    for text in ["[]", "1", "{\"repositories\": 1, \"extra\": [], \"config\": \"x\"}", "\u{feff}{}"] {
        assert_eq!(with(text, &[]), "composer.json composer.lock; outputs vendor", "{text}");
    }
    assert_eq!(
        with(
            "{\"config\": {\"vendor-dir\": \"lib/vendor\", \"bin-dir\": \"bin\"}, \"extra\": {\"installer-paths\": {\"web/modules/{$name}/\": []}}}",
            &[]
        ),
        "composer.json composer.lock; outputs bin lib/vendor web/modules"
    );
}

#[test]
fn downloads_are_kept() {
    let cache = |file: &str| caches(&Composer, file, &[("composer.json", "{}")]);
    let run = "COPY . .\nRUN composer install\n";
    assert_eq!(cache(&format!("FROM php:8.3\n{run}")), "/root/.composer/cache pure shared");
    assert_eq!(cache(&format!("FROM composer:2\n{run}")), "/tmp/cache pure shared");
    assert_eq!(
        cache(&format!("FROM php:8.3\nENV COMPOSER_CACHE_DIR=/c\nUSER www-data\n{run}")),
        "/c pure shared"
    );
    assert!(
        cache(&format!("FROM php:8.3\nUSER www-data\n{run}"))
            .starts_with("refused: a mount below ~/.composer")
    );
    assert_eq!(
        cache(&format!("FROM php:8.3\nENV COMPOSER_CACHE_DIR=/dev/null\n{run}")),
        "refused: COMPOSER_CACHE_DIR=/dev/null turns the cache off"
    );
    assert_eq!(
        cache("FROM php:8.3\nCOPY . .\nRUN composer install --no-cache --prefer-source\n"),
        "/root/.composer/cache pure locked; remove --no-cache"
    );
    assert_eq!(cache("FROM php:8.3\nRUN composer global require x/y\n"), "");
    assert_eq!(
        caches(&Composer, "FROM php:8.3\nRUN composer update\n", &[]),
        "/root/.composer/cache pure locked"
    );
    let moved = [("composer.json", "{\"config\": {\n\"cache-dir\": \"x\"}}")];
    assert_eq!(
        caches(&Composer, &format!("FROM php:8.3\n{run}"), &moved),
        "refused: composer.json:2 moves the cache"
    );
    let vcs = [("composer.json", "{\"repositories\": [{\"type\": \"vcs\", \"url\": \"https://x\"}]}")];
    assert_eq!(caches(&Composer, &format!("FROM php:8.3\n{run}"), &vcs), "/root/.composer/cache pure locked");
}

/// Whose home it is depends on what is there: a mount may not decide it.
#[test]
fn the_home_stays_where_it_is() {
    let cache = |env: &str| {
        let file = format!("FROM php:8.3\nENV {env}\nCOPY . .\nRUN composer install\n");
        caches(&Composer, &file, &[("composer.json", "{}")])
    };
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_DIRS"] {
        assert_eq!(
            cache(&format!("{name}=/config")),
            format!(
                "refused: {name} is set, with which composer keeps its home below ~/.config, and a mount in ~/.composer \
                 would move it there; COMPOSER_HOME or COMPOSER_CACHE_DIR would settle it"
            )
        );
        assert_eq!(cache(&format!("{name}=/config COMPOSER_HOME=/c")), "/c/cache pure shared");
        assert_eq!(cache(&format!("{name}=/config COMPOSER_CACHE_DIR=/c")), "/c pure shared");
    }
}

/// Scripts that run with the packages or before them are not for an install that finds all packages installed.
#[test]
fn scripts_that_come_with_packages_are_not_left_out() {
    for event in ["post-package-install", "pre-install-cmd", "pre-operations-exec"] {
        let manifest = format!("{{\n\"scripts\": {{\"{event}\": \"php bin/x\"}}}}");
        let files = [("composer.json", manifest.as_str()), LOCK];
        assert_eq!(
            of("composer install", &files),
            format!(
                "refused: composer.json:2 has a script for {event}, which would find the packages installed already"
            )
        );
        assert!(of("composer install --no-scripts", &files).starts_with("install"), "{event}");
    }
}

/// Scripts and autoloader read the sources: the download does without both.
#[test]
fn scripts_wait_for_the_sources() {
    let manifest = r#"{"scripts": {"auto-scripts": {"cache:clear": "symfony-cmd"},
        "post-install-cmd": ["@auto-scripts"]}, "autoload": {"psr-4": {"A\\": "src/"}, "files": ["src/f.php"]}}"#;
    let files = [("composer.json", manifest), LOCK, ("src/f.php", ""), ("bin/check", "")];
    for (run, prefetch) in [
        ("composer install", "composer install --no-scripts --no-autoloader"),
        ("composer install --no-scripts", "composer install --no-scripts --no-autoloader"),
        ("composer install --no-autoloader", "composer install --no-autoloader --no-scripts"),
    ] {
        assert_eq!(
            of(run, &files),
            format!("install /app; files composer.json composer.lock; outputs vendor; prefetch {prefetch}"),
            "{run}"
        );
    }
    assert_eq!(
        of("composer install --no-scripts --no-autoloader", &files),
        "install /app; files composer.json composer.lock; outputs vendor"
    );
}

#[test]
fn tells_what_moves_its_caches() {
    for run in [
        "composer config cache-dir /c",
        "composer config -g cache-files-dir /c",
        "composer config --global config.home /c",
        "php composer.phar config cache-repo-dir /c",
        "composer.phar config cache-vcs-dir $D",
    ] {
        assert!(moves_caches(&Composer, run), "{run}");
    }
    for run in [
        "composer config cache-dir --list list",
        "composer config repositories.x vcs https://x",
        "composer install",
        "composer config --global process-timeout 0",
    ] {
        assert!(!moves_caches(&Composer, run), "{run}");
    }
}
