use super::*;
use crate::testing::{caches, needs};

const ELIXIR: &str = "FROM elixir:1.17\nWORKDIR /app\nCOPY . .\n";
const MIX: (&str, &str) = (
    "mix.exs",
    "defmodule A.MixProject do\n  use Mix.Project\n  def project, do: [app: :a, deps: deps()]\n  defp deps do\n    [{:b, \"~> 1.0\"}]\n  end\nend\n",
);

fn of(run: &str, files: &[(&str, &str)]) -> String {
    needs(&Mix, &format!("{ELIXIR}RUN {run}\n"), files)
}

/// What `mix deps.get` needs with this mix.exs besides the usual.
fn with(mix: &str, files: &[(&str, &str)]) -> String {
    let all: Vec<_> = [("mix.exs", mix)].into_iter().chain(files.iter().copied()).collect();
    let needs = of("mix deps.get", &all);
    needs.replace("install /app; files ", "").replace("; outputs _build deps", "")
}

fn project(keywords: &str, functions: &str) -> String {
    format!(
        "defmodule A do\n  @version \"1\"\n  def project do\n    [\n      {keywords}\n    ]\n  end\n{functions}end\n"
    )
}

#[test]
fn dependencies_need_manifests_and_configuration() {
    let files = [
        MIX,
        ("mix.lock", "%{}"),
        ("config/config.exs", "import Config\nimport_config \"#{config_env()}.exs\"\n"),
        ("config/prod.exs", "import Config"),
        ("config/dev.exs", "import Config"),
        ("config/runtime.exs", "File.read!(x)"),
        ("lib/a.ex", ""),
        (".dockerignore", "deps"),
    ];
    for run in [
        "mix deps.get",
        "mix deps.get --only $MIX_ENV",
        "MIX_ENV=prod mix deps.get --only=prod",
        "mix do deps.get, deps.compile",
        "mix do deps.get --only prod + deps.compile --skip-local-deps",
        "mix deps.compile b",
        "mix do local.hex --force, local.rebar --force, deps.get",
    ] {
        assert_eq!(
            of(run, &files),
            "install /app; files config/config.exs config/dev.exs config/prod.exs mix.exs mix.lock; outputs _build deps; \
             rewritten mix.lock",
            "{run}"
        );
    }
    assert!(!of("mix deps.get --check-locked", &files).contains("rewritten"));
    assert_eq!(
        of("mix deps.get", &[("a", "")]),
        "refused: no mix.exs is copied from the build context to /app"
    );
}

#[test]
fn what_goes_on_with_the_sources_is_served_first() {
    for (run, prefetch) in [
        ("mix do deps.get, compile", "mix do deps.get, deps.compile"),
        (
            "MIX_ENV=prod mix do deps.get --only $MIX_ENV, deps.compile, compile",
            "MIX_ENV=prod mix do deps.get --only $MIX_ENV, deps.compile",
        ),
        (
            "mix do local.hex --force + deps.get + release",
            "mix do local.hex --force + deps.get + deps.compile",
        ),
    ] {
        assert_eq!(
            of(run, &[MIX]),
            format!("build /app; files mix.exs; outputs _build deps; prefetch {prefetch}"),
            "{run}"
        );
    }
}

#[test]
fn other_tasks_are_opaque() {
    for run in [
        "mix compile",
        "mix release",
        "mix do compile, deps.get",
        "mix",
        "mix do",
        "mix $X",
        "mix deps.get $X",
        "mix deps.get x",
        "mix deps.update --all",
        "mix local.hex --force",
        "mix phx.digest",
        "iex -S mix deps.get",
        "MIX_EXS=x mix deps.get",
        "mix deps.compile --frobnicate",
    ] {
        assert_eq!(of(run, &[MIX]), "opaque", "{run}");
    }
}

#[test]
fn tools_load_the_project_too() {
    let of = |run: &str, files: &[(&str, &str)]| needs(&MixLocal, &format!("{ELIXIR}RUN {run}\n"), files);
    for run in [
        "mix local.hex --force",
        "mix do local.hex --force, local.rebar --force",
        "mix archive.install hex phx_new 1.7 --force",
    ] {
        assert_eq!(
            of(run, &[MIX, ("config/config.exs", "")]),
            "install /app; files config/config.exs mix.exs",
            "{run}"
        );
        assert_eq!(of(run, &[("lib/a.ex", "")]), "install /app", "{run}");
    }
    for run in [
        "mix archive.install",
        "mix archive.install ./x.ez",
        "mix local.rebar rebar3 ./rebar3",
        "mix do local.hex, deps.get",
    ] {
        assert_eq!(of(run, &[MIX]), "opaque", "{run}");
    }
}

#[test]
fn projects_on_disk_are_followed() {
    let path = |path: &str| {
        project("deps: deps()", &format!("  defp deps do\n    [{{:p, path: \"{path}\"}}]\n  end\n"))
    };
    let files = [
        ("p/mix.exs", "defmodule P do\n  def project, do: [deps: [{:q, path: \"../q\"}]]\nend"),
        ("q/mix.exs", ""),
        ("p/lib/p.ex", ""),
    ];
    assert_eq!(with(&path("p"), &files), "mix.exs p/mix.exs q/mix.exs");
    assert_eq!(
        with(&path("../x"), &files),
        "refused: mix.exs:9 path dependency /x is not in the build context"
    );
    let all: Vec<_> = [("mix.exs", path("p"))].iter().map(|(name, text)| (*name, text.clone())).collect();
    let mut compiled: Vec<(&str, &str)> = all.iter().map(|(name, text)| (*name, text.as_str())).collect();
    compiled.extend(files);
    compiled.push((".dockerignore", "deps"));
    assert_eq!(
        of("mix deps.compile", &compiled),
        "install /app; files mix.exs; directories p q; outputs _build deps"
    );
    let umbrella = project("apps_path: \"apps\"", "");
    assert_eq!(
        with(
            &umbrella,
            &[("apps/a/mix.exs", "{:b, in_umbrella: true}"), ("apps/b/mix.exs", ""), ("apps/c/x", "")]
        ),
        "apps/a/mix.exs apps/b/mix.exs mix.exs"
    );
    let child = project(
        "config_path: \"../../config/config.exs\", lockfile: \"../../mix.lock\", deps_path: \"../../deps\"",
        "",
    );
    let files = [("apps/a/mix.exs", child.as_str()), ("config/config.exs", ""), ("mix.lock", "")];
    assert_eq!(
        of("cd apps/a && mix deps.get", &files),
        "install /app/apps/a; files /app/config/config.exs /app/mix.lock mix.exs; outputs /app/deps _build deps; \
         rewritten /app/mix.lock"
    );
}

/// The apps of an umbrella are dependencies of it, which `deps.compile` compiles too.
#[test]
fn apps_of_an_umbrella_need_their_sources() {
    let umbrella = project("apps_path: \"apps\"", "");
    let files = [
        ("mix.exs", umbrella.as_str()),
        ("apps/a/mix.exs", "{:b, in_umbrella: true}"),
        ("apps/b/mix.exs", ""),
        (".dockerignore", "**/deps"),
    ];
    for run in
        ["mix do deps.get, deps.compile", "mix deps.compile", "mix do deps.get + deps.compile + release"]
    {
        assert_eq!(
            of(run, &files),
            "refused: mix.exs:5 makes an umbrella, whose apps deps.compile compiles with their sources unless it is \
             told --skip-umbrella-children or --skip-local-deps",
            "{run}"
        );
    }
    for option in ["--skip-umbrella-children", "--skip-local-deps"] {
        assert_eq!(
            of(&format!("mix deps.compile {option}"), &files),
            "install /app; files apps/a/mix.exs apps/b/mix.exs mix.exs; outputs _build deps",
            "{option}"
        );
    }
    assert_eq!(
        of("mix do deps.get, compile", &files),
        "build /app; files apps/a/mix.exs apps/b/mix.exs mix.exs; outputs _build deps; prefetch mix do deps.get"
    );
    assert_eq!(
        of("cd apps/a && mix do deps.get, deps.compile", &files),
        "install /app/apps/a; files mix.exs; directories /app/apps/b; outputs _build deps"
    );
}

/// What is not fetched is there already, perhaps in the build context.
#[test]
fn dependencies_of_the_host_are_not_made() {
    let refused = "refused: it compiles the dependencies in deps, which may come from the build context";
    assert_eq!(of("mix deps.compile", &[MIX, ("deps/b/mix.exs", "")]), refused);
    assert_eq!(of("mix deps.compile", &[MIX]), refused);
    assert!(of("mix do deps.get, deps.compile", &[MIX, ("deps/b/mix.exs", "")]).starts_with("install"));
    let own = project("deps_path: \"d\"", "");
    let files = [("mix.exs", own.as_str()), (".dockerignore", "deps")];
    assert_eq!(of("mix deps.compile", &files), refused.replace("in deps", "in d"));
}

/// Sentry takes sources of the project in when it is compiled.
#[test]
fn dependencies_that_take_sources_in_stay_below_them() {
    assert_eq!(of("mix deps.compile b --force", &[MIX]), "opaque");
    assert_eq!(
        of("mix do deps.get, deps.compile, deps.compile b --force", &[MIX]),
        "build /app; files mix.exs; outputs _build deps; prefetch mix do deps.get, deps.compile"
    );
    for (setting, reason) in [
        (
            "x: [File.cwd!()]",
            "names the project's directory, from which a dependency may take sources when it is compiled",
        ),
        (
            "root_source_code_paths: [__DIR__]",
            "has a dependency take the project's sources when it is compiled",
        ),
        (
            ":root_source_code_path, __DIR__",
            "has a dependency take the project's sources when it is compiled",
        ),
    ] {
        let config = format!("import Config\nconfig :sentry, {setting}");
        let files = [MIX, ("config/config.exs", config.as_str())];
        assert_eq!(
            of("mix do deps.get, deps.compile", &files),
            format!("refused: config/config.exs:2 {reason}")
        );
        assert!(of("mix deps.get", &files).starts_with("install"), "{setting}");
        assert!(of("mix do deps.get, release", &files).ends_with("prefetch mix do deps.get"), "{setting}");
    }
}

#[test]
fn what_is_read_on_loading_counts() {
    let version = project(
        "version: version()",
        "  defp version do\n    case File.read(\"VERSION\") do\n      _ -> 1\n    end\n  end\n",
    );
    assert_eq!(with(&version, &[("VERSION", "1")]), "VERSION mix.exs");
    for read in [
        "@v File.read!(\"V\")",
        "@v \"V\" |> File.read!() |> String.trim()",
        "@v Path.join(__DIR__, \"V\") |> File.read!()",
        "@p Path.expand(\"V\", __DIR__)\n@v File.read!(@p)",
        "@v File.read!(\"#{__DIR__}/V\")",
    ] {
        assert_eq!(with(read, &[("V", "1")]), "V mix.exs", "{read}");
    }
    assert_eq!(
        with(
            "Code.require_file(\"x.exs\")\nSystem.get_env(\"SHA\", \"dev\")",
            &[("x.exs", "System.fetch_env!(\"Y\")")]
        ),
        "mix.exs x.exs; variables SHA Y"
    );
    // What another file defines is for others to call.
    let helper = "defmodule M do\n  def v do\n    File.read!(\"V\")\n  end\nend";
    assert_eq!(
        with("Code.require_file(\"m.exs\")\nM.v()", &[("m.exs", helper), ("V", "1")]),
        "V m.exs mix.exs"
    );
    // What only a release or a test calls does not.
    let unused = "  defp cov do\n    if true do\n      Path.wildcard(\"x\")\n    end\n  end\n  def strip(r), do: System.cmd(\"strip\", [r])\n";
    assert_eq!(with(&project("aliases: [t: &cov/0]", unused), &[]), "mix.exs");
}

#[test]
fn what_cannot_be_told_is_refused() {
    for (mix, reason) in [
        ("System.cmd(\"git\", [\"describe\"])", "mix.exs:1 runs git, so its inputs are not known"),
        ("\n:os.cmd('git describe')", "mix.exs:2 calls :os, so its inputs are not known"),
        ("File.read!(name)", "mix.exs:1 reads a file by File.read!, so its inputs are not known"),
        ("Path.wildcard(\"x/*\")", "mix.exs:1 calls Path.wildcard, so its inputs are not known"),
        ("System.get_env()", "mix.exs:1 reads the environment, so its inputs are not known"),
        ("[aliases: [\"deps.get\": [\"x\"]]]", "mix.exs:1 redefines deps.get"),
        ("\"", "mix.exs is not understood as Elixir"),
        ("[deps_path: x()]", "mix.exs:1 works out deps_path, so its inputs are not known"),
    ] {
        assert_eq!(with(mix, &[]), format!("refused: {reason}"), "{mix}");
    }
    assert_eq!(
        of("mix deps.get", &[MIX, ("config/config.exs", "import_config \"#{x}/y.exs\"")]),
        "refused: config/config.exs:1 imports configuration from several directories, so its inputs are not known"
    );
}

#[test]
fn packages_are_kept() {
    let cache = |from: &str, run: &str| caches(&Mix, &format!("FROM {from}\nRUN {run}\n"), &[]);
    assert_eq!(cache("elixir:1.17", "mix deps.get"), "/root/.hex/packages pure locked");
    assert_eq!(cache("elixir:1.17", "mix do deps.get, release"), "/root/.hex/packages pure locked");
    assert_eq!(cache("elixir:1.17\nENV HEX_HOME=/hex", "mix deps.get"), "/hex/packages pure locked");
    assert_eq!(cache("elixir:1.17", "mix deps.compile"), "");
    assert_eq!(cache("elixir:1.17\nENV MIX_XDG=1", "mix deps.get"), "refused: MIX_XDG moves the cache");
    assert!(cache("elixir:1.17\nUSER 1000", "mix deps.get").starts_with("refused: a mount in ~/.hex"));
}
