use super::*;
use crate::testing::{caches, moves_caches, needs};

const SDK: &str = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\n";
const EMPTY: &str = "<Project Sdk=\"Microsoft.NET.Sdk\" />";

fn of(run: &str, files: &[(&str, &str)]) -> String {
    needs(&Dotnet, &format!("{SDK}RUN {run}\n"), files)
}

fn cache(run: &str) -> String {
    caches(&Dotnet, &format!("{SDK}RUN {run}\n"), &[])
}

fn refers(to: &str) -> String {
    format!(
        "<Project Sdk=\"Microsoft.NET.Sdk\">\n<ItemGroup>\n<ProjectReference Include=\"{to}\" />\n</ItemGroup></Project>"
    )
}

fn sets(properties: &str) -> String {
    format!("<Project Sdk=\"Microsoft.NET.Sdk\">\n<PropertyGroup>\n{properties}\n</PropertyGroup></Project>")
}

#[test]
fn a_restore_takes_the_project_of_its_directory() {
    assert_eq!(
        of("dotnet restore", &[("App.csproj", EMPTY), ("a.cs", "")]),
        "install /src; files App.csproj; outputs obj"
    );
    let two = [("App.csproj", EMPTY), ("App.sln", "Project(\"{1}\") = \"App\", \"App.csproj\", \"{2}\"\n")];
    assert_eq!(of("dotnet restore", &two), "install /src; files App.csproj App.sln; outputs obj");
    let below = [("src/Web/Web.csproj", EMPTY)];
    for run in [
        "dotnet restore src/Web/Web.csproj",
        "dotnet restore src/Web",
        "dotnet restore 'src\\Web\\Web.csproj' -v q --nologo",
        "dotnet restore -r linux-x64 ./src/Web --disable-parallel -p:A=1 /p:B=2",
    ] {
        assert_eq!(of(run, &below), "install /src; files src/Web/Web.csproj; outputs src/Web/obj", "{run}");
    }
    assert_eq!(
        of("cd src/Web && dotnet restore", &below),
        "install /src/src/Web; files Web.csproj; outputs obj"
    );
}

#[test]
fn references_are_followed() {
    let web = refers("..\\Lib\\Lib.csproj; ../Other/Other.fsproj");
    let files = [
        ("Web/Web.csproj", web.as_str()),
        ("Lib/Lib.csproj", &refers("../Web/Web.csproj")),
        ("Other/Other.fsproj", EMPTY),
        ("Third/Third.csproj", EMPTY),
    ];
    assert_eq!(
        of("dotnet restore Web", &files),
        "install /src; files Lib/Lib.csproj Other/Other.fsproj Web/Web.csproj; outputs Lib/obj Other/obj Web/obj"
    );
}

#[test]
fn solutions_need_all_of_their_projects() {
    let sln = "\nProject(\"{1}\") = \"A\", \"a\\A.csproj\", \"{2}\"\nProject(\"{1}\") = \"D\", \"docker-compose.dcproj\", \"{3}\"\n";
    assert_eq!(
        of("dotnet restore App.sln", &[("App.sln", sln), ("a/A.csproj", EMPTY)]),
        "refused: App.sln:3 lists docker-compose.dcproj, which is not in the build context"
    );
    let filter = r#"{"solution": {"path": "..\\App.sln", "projects": ["a\\A.csproj"]}}"#;
    let files = [("App.sln", sln), ("a/A.csproj", EMPTY), ("f/F.slnf", filter)];
    assert_eq!(
        of("dotnet restore f/F.slnf", &files),
        "install /src; files App.sln a/A.csproj f/F.slnf; outputs a/obj"
    );
}

#[test]
fn what_lies_above_a_project_is_read() {
    let files = [
        ("src/Web/Web.csproj", EMPTY),
        ("src/Web/packages.lock.json", "{}"),
        ("src/Directory.Build.props", EMPTY),
        ("Directory.Build.props", EMPTY),
        ("Directory.Packages.props", EMPTY),
        ("global.json", "{}"),
        (
            "NuGet.Config",
            "<configuration><packageSources><add key=\"n\" value=\"https://x/%FEED%\"/></packageSources></configuration>",
        ),
        ("src/Web/global.json", "{}"),
        ("test/Directory.Build.props", EMPTY),
    ];
    assert_eq!(
        of("dotnet restore src/Web", &files),
        "install /src; files Directory.Build.props Directory.Packages.props NuGet.Config global.json \
         src/Directory.Build.props src/Web/Web.csproj src/Web/global.json src/Web/packages.lock.json; \
         outputs src/Web/obj; rewritten src/Web/packages.lock.json; variables FEED"
    );
    assert!(!of("dotnet restore --locked-mode src/Web", &files).contains("rewritten"));
}

#[test]
fn imports_are_followed() {
    let files = |import: &str| {
        let project = format!("<Project Sdk=\"Microsoft.NET.Sdk\">\n{import}\n</Project>");
        of(
            "dotnet restore Web",
            &[
                ("Web/Web.csproj", &project),
                ("Directory.Build.props", &sets("<RepoRoot>$(MSBuildThisFileDirectory)</RepoRoot>")),
                ("eng/x.props", "<Project><Import Project=\"y.props\" /></Project>"),
                ("eng/y.props", "<Project />"),
            ],
        )
    };
    let both =
        "install /src; files Directory.Build.props Web/Web.csproj eng/x.props eng/y.props; outputs Web/obj";
    for import in [
        "<Import Project=\"..\\eng\\x.props\" />",
        "<ImportGroup><Import Project=\"$(MSBuildThisFileDirectory)../eng/x.props\" /></ImportGroup>",
        "<Import Project=\"$([MSBuild]::GetPathOfFileAbove('x.props', '$(MSBuildThisFileDirectory)../eng'))\" />",
    ] {
        let mut wanted = both.to_owned();
        if import.contains("Above") {
            wanted = both.to_owned();
        }
        assert_eq!(files(import), wanted, "{import}");
    }
    assert_eq!(files("<Import Project=\"$(RepoRoot)eng/x.props\" />"), format!("{both}; variables RepoRoot"));
    let only = "install /src; files Directory.Build.props Web/Web.csproj; outputs Web/obj";
    assert_eq!(files("<Import Project=\"$(MSBuildExtensionsPath)\\x.props\" />"), only);
    assert_eq!(files("<Import Project=\"../no.props\" Condition=\"Exists('../no.props')\" />"), only);
    assert_eq!(
        files("<Import Project=\"../no.props\" />"),
        "refused: Web/Web.csproj:2 imports ../no.props, which is not in the build context"
    );
    assert_eq!(
        files("<Import Project=\"$(Elsewhere)/x.props\" />"),
        "refused: Web/Web.csproj:2 imports $(Elsewhere)/x.props, a path that is not known"
    );
    assert_eq!(
        files("<Import Project=\"..\\.paket\\Paket.Restore.targets\" />"),
        "refused: Web/Web.csproj:2 leaves packages to paket, which is not known"
    );
    assert_eq!(
        files("<PropertyGroup Condition=\"Exists('../eng/y.props')\" />"),
        "install /src; files Directory.Build.props Web/Web.csproj eng/y.props; outputs Web/obj"
    );
}

#[test]
fn what_cannot_be_told_is_refused() {
    let project = |text: &str| of("dotnet restore", &[("App.csproj", text), ("lib/L.csproj", EMPTY)]);
    for (text, reason) in [
        (
            refers("../Shared/Shared.csproj"),
            "App.csproj:3 refers to ../Shared/Shared.csproj, which is not in the build context",
        ),
        (
            refers("lib/**/*.csproj"),
            "App.csproj:3 refers to lib/**/*.csproj, and which projects these are is not known",
        ),
        (
            refers("$(Lib)/L.csproj"),
            "App.csproj:3 refers to $(Lib)/L.csproj, and which projects these are is not known",
        ),
        (
            sets("<BaseIntermediateOutputPath>../obj/</BaseIntermediateOutputPath>"),
            "App.csproj:3 sets BaseIntermediateOutputPath, which moves files of the restore",
        ),
        (
            sets("<RestoreSources>$(RestoreSources);https://x/;../feed</RestoreSources>"),
            "App.csproj:3 takes packages from ../feed",
        ),
        (
            sets("<Version>$([System.IO.File]::ReadAllText('$(V)'))</Version>"),
            "App.csproj:3 reads files by ReadAllText, and which ones is not known",
        ),
        (
            "<Project>\n<Target Name=\"x\" BeforeTargets=\"Restore\" /></Project>".into(),
            "App.csproj:2 runs a target of its own with the restore",
        ),
        (
            "<Project InitialTargets=\"x\" />".into(),
            "App.csproj:1 runs targets of its own before everything else",
        ),
    ] {
        assert_eq!(project(&text), format!("refused: {reason}"));
    }
    assert!(project("<Project").starts_with("refused: App.csproj is no XML"));
    assert_eq!(
        of("dotnet restore", &[("a.cs", "")]),
        "refused: no project or solution is copied from the build context to /src"
    );
}

#[test]
fn conditional_references_may_be_missing() {
    let project = "<Project><ItemGroup Condition=\"'$(Full)' == '1'\"><ProjectReference Include=\"../x.csproj\" /></ItemGroup></Project>";
    assert_eq!(
        of("dotnet restore", &[("App.csproj", project)]),
        "install /src; files App.csproj; outputs obj; variables Full"
    );
}

#[test]
fn local_sources_are_read_as_a_whole() {
    let config = |source: &str| {
        format!(
            "<configuration>\n<packageSources>\n<add key=\"l\" value=\"{source}\" />\n</packageSources></configuration>"
        )
    };
    let with = |source: &str| {
        of(
            "dotnet restore",
            &[("App.csproj", EMPTY), ("nuget.config", &config(source)), ("feed/p.nupkg", "")],
        )
    };
    assert_eq!(with("./feed"), "install /src; files App.csproj nuget.config; directories feed; outputs obj");
    assert_eq!(
        with("feeds"),
        "refused: nuget.config:3 takes packages from feeds, which is not in the build context"
    );
    assert_eq!(with("."), "refused: nuget.config:3 takes packages from the sources' own directory");
    assert_eq!(with("/opt/feed"), "install /src; files App.csproj nuget.config; outputs obj");
}

#[test]
fn files_that_functions_read_are_listed() {
    let project = sets("<Version>$([System.IO.File]::ReadAllText('VERSION'))</Version>");
    assert_eq!(
        of("dotnet restore", &[("App.csproj", &project), ("VERSION", "1")]),
        "install /src; files App.csproj VERSION; outputs obj"
    );
}

#[test]
fn builds_can_restore_first() {
    let files = [("Web/Web.csproj", EMPTY)];
    let prefetch = |run: &str| {
        let needs = of(run, &files);
        let prefetch =
            needs.split("prefetch ").nth(1).map(|rest| rest.split(';').next().unwrap_or(rest).to_owned());
        prefetch.unwrap_or(needs)
    };
    for (run, wanted) in [
        ("dotnet publish Web -c Release -o /out", "dotnet restore Web"),
        ("dotnet build Web/Web.csproj --no-incremental", "dotnet restore Web/Web.csproj"),
        (
            "X=1 dotnet publish Web -r linux-x64 --self-contained true -p:PublishSingleFile=true",
            "X=1 dotnet restore Web -r linux-x64 -p:SelfContained=true -p:PublishSingleFile=true",
        ),
        (
            "dotnet publish Web --ignore-failed-sources --disable-parallel --no-cache --force --interactive --no-dependencies -v q",
            "dotnet restore Web --ignore-failed-sources --disable-parallel --no-cache --force --interactive --no-dependencies",
        ),
        ("dotnet build Web --no-dependencies --no-http-cache", "dotnet restore Web --no-http-cache"),
        (
            "dotnet publish Web --source /feed --packages /p",
            "dotnet restore Web --source /feed --packages /p",
        ),
        ("dotnet publish Web -p:Version=$VERSION /p:FileVersion=1.0", "dotnet restore Web"),
        ("dotnet run --project Web", "dotnet restore Web"),
        (
            "dotnet publish Web ${EXTRA}",
            "refused: the argument ${EXTRA} of dotnet is only known in the build",
        ),
        ("dotnet publish Web -t:Container", "refused: an argument of dotnet is not known"),
        (
            "dotnet publish Web /t:Container",
            "refused: what dotnet reads with the argument /t:Container is not known",
        ),
        (
            "dotnet publish Web @args.rsp",
            "refused: what dotnet reads with the argument @args.rsp is not known",
        ),
        ("dotnet build Web --no-restore", "build /src"),
        ("dotnet msbuild Web", "build /src"),
        ("dotnet watch run", "build /src"),
    ] {
        assert_eq!(prefetch(run), wanted, "{run}");
    }
}

#[test]
fn the_runtime_is_named_as_the_restore_of_the_sdk_can_take_it() {
    let of_sdk = |framework: &str, run: &str| {
        let project = sets(&format!("<TargetFrameworks>net6.0;{framework}</TargetFrameworks>"));
        let needs = of(run, &[("Web/Web.csproj", &project)]);
        let prefetch = needs.split("prefetch ").nth(1).and_then(|rest| rest.split("; ").next());
        prefetch.unwrap_or(&needs).to_owned()
    };
    let refused = |option: &str, version: u32| {
        format!(
            "refused: dotnet restore is sure to have {option} from SDK {version} on, and no project or global.json says that this one is as new"
        )
    };
    let by_arch = "dotnet publish Web -a $ARCH --sc=false";
    let restored = "dotnet restore Web -a $ARCH -p:SelfContained=false";
    assert_eq!(of_sdk("net8.0", by_arch), restored);
    assert_eq!(of_sdk("net10.0-windows", by_arch), restored);
    assert_eq!(of_sdk("net7.0", by_arch), refused("--arch", 8));
    assert_eq!(of_sdk("netstandard2.1", by_arch), refused("--arch", 8));
    let both = "dotnet publish Web --os linux --arch $ARCH";
    assert_eq!(of_sdk("net9.0", both), refused("--os", 10));
    assert_eq!(of_sdk("net10.0", both), "dotnet restore Web --os linux --arch $ARCH");
    assert_eq!(of_sdk("net10.0", &format!("{both} -p:TargetFramework=net6.0")), refused("--os", 10));
    assert_eq!(
        of_sdk("net6.0", "dotnet publish Web --os linux -a arm64"),
        "dotnet restore Web -r linux-arm64"
    );
    assert_eq!(
        of_sdk("net6.0", "dotnet publish Web --os linux -a amd64"),
        refused("--os", 10),
        "not what .NET calls it"
    );
    let pinned = [("App.csproj", EMPTY), ("global.json", r#"{"sdk": {"version": "8.0.100"}}"#)];
    assert!(of("dotnet publish -a $ARCH", &pinned).contains("prefetch dotnet restore -a $ARCH"));
    let conditional = "<Project><PropertyGroup Condition=\"'$(X)' == ''\"><TargetFramework>net9.0</TargetFramework></PropertyGroup></Project>";
    assert_eq!(of("dotnet publish -a $ARCH", &[("App.csproj", conditional)]), refused("--arch", 8));
}

#[test]
fn properties_that_projects_read_go_into_the_prefetch() {
    let project = "<Project><PropertyGroup Condition=\"'$(Configuration)' == 'Debug'\"><A>$(Flavour)</A></PropertyGroup></Project>";
    let files = [("App.csproj", project)];
    assert!(
        of("dotnet publish -c Release -p:flavour=x", &files)
            .contains("prefetch dotnet restore -p:Configuration=Release -p:flavour=x;")
    );
    let prefetch = |run: &str| {
        let needs = of(run, &files);
        let prefetch =
            needs.split("prefetch ").nth(1).and_then(|rest| rest.split("; ").next()).map(str::to_owned);
        prefetch.unwrap_or(needs)
    };
    for (run, wanted) in [
        ("dotnet publish -p:Flavour=$F -c ${C}", "dotnet restore -p:Configuration=${C} -p:Flavour=$F"),
        (
            "dotnet publish '/p:A=1;Flavour=x' --configuration=$C",
            "dotnet restore -p:Configuration=$C '/p:A=1;Flavour=x'",
        ),
        ("dotnet publish \"-p:A=1;Flavour=$F\"", "dotnet restore \"-p:A=1;Flavour=$F\""),
    ] {
        assert_eq!(prefetch(run), wanted, "{run}");
    }
}

#[test]
fn other_commands_are_opaque() {
    for run in [
        "dotnet App.dll",
        "dotnet new console",
        "dotnet nuget push x",
        "dotnet ef database update",
        "dotnet",
        "dotnet tool restore",
        "nuget restore",
        "dotnet add package X",
    ] {
        assert_eq!(of(run, &[("App.csproj", EMPTY)]), "opaque", "{run}");
    }
    assert_eq!(of("dotnet nuget locals all --clear", &[]), "clean-cache");
    // An unknown word may be anything: the command is one that reads everything.
    assert_eq!(
        of("dotnet restore $X", &[("App.csproj", EMPTY)]),
        "refused: the argument $X of dotnet is only known in the build"
    );
    assert_eq!(
        of("dotnet restore --frobnicate", &[("App.csproj", EMPTY)]),
        "refused: an argument of dotnet is not known"
    );
}

#[test]
fn tools_read_configuration_alone() {
    let of = |run: &str| {
        needs(&DotnetTool, &format!("{SDK}RUN {run}\n"), &[("global.json", "{}"), ("App.csproj", EMPTY)])
    };
    for run in [
        "dotnet tool install -g dotnet-ef --version $V",
        "dotnet tool install --tool-path /tools x",
        "dotnet --info",
        "dotnet help",
        "dotnet workload install wasm-tools",
    ] {
        assert_eq!(of(run), "install /src; files global.json", "{run}");
    }
    for run in [
        "dotnet tool install x",
        "dotnet tool restore",
        "dotnet restore",
        "dotnet tool install -g x --frobnicate",
    ] {
        assert_eq!(of(run), "opaque", "{run}");
    }
}

#[test]
fn packages_lie_in_a_store() {
    assert_eq!(cache("dotnet restore"), "/root/.nuget/packages store locked");
    assert_eq!(cache("dotnet publish --no-restore"), "/root/.nuget/packages index(reads) locked");
    assert_eq!(cache("NUGET_PACKAGES=/nuget dotnet build"), "/nuget store locked");
    assert_eq!(cache("dotnet restore --packages /p"), "/p store locked");
    assert_eq!(cache("dotnet nuget locals all --clear"), "");
    assert_eq!(
        cache("DOTNET_CLI_HOME=/tmp dotnet restore"),
        "refused: DOTNET_CLI_HOME moves the packages, where to depends on the version of NuGet"
    );
    let user = |rest: &str| {
        caches(&Dotnet, &format!("FROM mcr.microsoft.com/dotnet/sdk:8.0\nUSER app\n{rest}"), &[])
    };
    assert!(user("RUN dotnet restore\n").starts_with("refused: a mount below ~/.nuget would make"));
    assert_eq!(
        caches(&Dotnet, "FROM company/sdk\nRUN dotnet restore\n", &[]),
        "refused: the user that the base image sets is not known"
    );
    assert_eq!(user("ENV NUGET_PACKAGES=/packages\nRUN dotnet restore\n"), "/packages store locked");
    let arg = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nARG NUGET_PACKAGES=/x\nRUN dotnet restore\n";
    assert_eq!(
        caches(&Dotnet, arg, &[]),
        "refused: the value of NUGET_PACKAGES is only known in the build, and it names a directory"
    );
    let config =
        "<configuration><config><add key=\"globalPackagesFolder\" value=\"../p\" /></config></configuration>";
    let files = [("w/App.csproj", EMPTY), ("nuget.config", config)];
    assert_eq!(caches(&Dotnet, &format!("{SDK}RUN dotnet restore w\n"), &files), "/p store locked");
    assert_eq!(
        caches(&Dotnet, &format!("{SDK}RUN dotnet restore --packages .nuget w\n"), &files),
        "refused: the packages lie in /src/.nuget, within the project"
    );
}

#[test]
fn nonsense_does_no_harm() {
    for text in [
        "",
        "\u{feff}",
        "<a/>",
        "<Project><Import Project='App.csproj'/></Project>",
        "<Project><Import Project=''/></Project>",
        "<Project><Import Project='$('/></Project>",
    ] {
        let _ = of("dotnet restore", &[("App.csproj", text), ("App.sln", text), ("nuget.config", text)]);
    }
}

#[test]
fn every_kind_of_directory_file_is_read() {
    let files = [
        ("App.sln", "Project(\"{1}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{2}\"\n"),
        ("src/Web/Web.csproj", EMPTY),
        ("src/Directory.Packages.props", EMPTY),
        ("Directory.Build.targets", EMPTY),
        ("Directory.Build.rsp", ""),
        ("Directory.Solution.props", EMPTY),
        ("Directory.Solution.targets", EMPTY),
        ("test/Directory.Build.targets", EMPTY),
    ];
    assert_eq!(
        of("dotnet restore App.sln", &files),
        "install /src; files App.sln Directory.Build.rsp Directory.Build.targets Directory.Solution.props \
         Directory.Solution.targets src/Directory.Packages.props src/Web/Web.csproj; outputs src/Web/obj"
    );
}

#[test]
fn tells_what_moves_its_caches() {
    for run in [
        "dotnet nuget config set globalPackagesFolder /c",
        "dotnet nuget config set globalPackagesFolder $D --configfile n",
    ] {
        assert!(moves_caches(&Dotnet, run), "{run}");
    }
    for run in [
        "dotnet nuget config get globalPackagesFolder",
        "dotnet nuget config set repositoryPath /c",
        "dotnet restore",
        "dotnet nuget add source https://x",
    ] {
        assert!(!moves_caches(&Dotnet, run), "{run}");
    }
}
