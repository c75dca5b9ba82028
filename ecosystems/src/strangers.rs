//! Package managers that are not known: of their downloads no more is told than that.

use dockfix_model::commands::Invocation;

use crate::ecosystem::begins_with;

/// A manager's name, its programs, and the words by which they download; each manager's own documentation has them. Where the
/// words are none, it downloads whatever it is given.
const STRANGERS: &[(&str, &[&str], &[&str])] = &[
    ("Bower", &["bower"], &["install", "update"]),
    (
        "Cabal",
        &["cabal"],
        &["install", "build", "new-install", "new-build", "v2-install", "v2-build", "update"],
    ),
    ("cnpm", &["cnpm"], &["install", "i", "ci"]),
    ("Conan", &["conan"], &["install"]),
    ("CPAN", &["cpan", "cpanm", "carton"], &[]),
    ("Dart's pub", &["dart", "flutter"], &["pub get"]),
    ("Deno", &["deno"], &["install", "cache"]),
    ("easy_install", &["easy_install"], &[]),
    ("Hatch", &["hatch"], &["env create"]),
    ("Leiningen", &["lein"], &["deps", "uberjar"]),
    ("LuaRocks", &["luarocks"], &["install", "make"]),
    ("opam", &["opam"], &["install", "update"]),
    ("PECL", &["pecl", "pear"], &["install"]),
    ("pip-tools", &["pip-sync"], &[]),
    ("pipx", &["pipx"], &["install"]),
    ("Pixi", &["pixi"], &["install", "add", "global install"]),
    ("Rye", &["rye"], &["sync"]),
    ("Shards", &["shards"], &["install"]),
    ("Stack", &["stack"], &["setup", "build", "install"]),
    ("Swift's package manager", &["swift"], &["build", "package resolve"]),
    ("vcpkg", &["vcpkg"], &["install"]),
];

/// The package manager by which a command downloads, if it is one that dockfix does not know.
#[must_use]
pub fn stranger(command: &Invocation<'_>) -> Option<&'static str> {
    // `R -e 'install.packages("x")'`
    if matches!(&*command.program, "R" | "Rscript") {
        let calls = ["install.packages(", "install_github(", "renv::restore(", "pak::pak("];
        let has_call = |word: &str| calls.iter().any(|call| word.contains(call));
        let mut words = command.arguments.iter().filter_map(|word| word.value.as_deref());
        return words.any(has_call).then_some("R");
    }
    let (name, _, words) = STRANGERS.iter().find(|(_, programs, _)| programs.contains(&&*command.program))?;
    let downloads = if words.is_empty() {
        let mut given = command.arguments.iter().filter_map(|word| word.value.as_deref());
        given.any(|word| !word.starts_with('-'))
    } else {
        begins_with(command, words)
    };
    downloads.then_some(name)
}
