use super::Pip;
use crate::testing;

/// What the last command of `FROM python:3.12 / WORKDIR /app / COPY . . / RUN ...` needs.
fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Pip, &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
}

fn caches(text: &str) -> String {
    testing::caches(&Pip, text, &[])
}

const FILES: &[(&str, &str)] = &[
    ("requirements.txt", "flask==3.0\n-r requirements/base.txt\n"),
    ("requirements/base.txt", "-c constraints.txt\nrequests\n"),
    ("requirements/constraints.txt", "urllib3<2\n"),
    ("setup.py", ""),
    ("wheels/x-1.0-py3-none-any.whl", ""),
    ("lib/setup.py", ""),
];

#[test]
fn recognises_installs_from_files_however_they_are_written() {
    let all = "install /app; files requirements.txt requirements/base.txt requirements/constraints.txt";
    for run in [
        "pip install -r requirements.txt",
        "pip3 install --no-cache-dir -r requirements.txt",
        "pip3.12 --no-cache-dir install --upgrade -r ./requirements.txt",
        "python -m pip install -r requirements.txt",
        "python3.12 -u -m pip --disable-pip-version-check install -rrequirements.txt",
        "/usr/local/bin/pip install --requirement=requirements.txt --no-deps",
        "sudo -H pip install -Ur requirements.txt",
        "PIP_INDEX_URL=https://x pip install -q -r /app/requirements.txt",
        "cd requirements && pip install -r ../requirements.txt",
        "pip install --no-cache -r requirements.txt gunicorn",
        "pip install -r requirements.txt -c requirements/constraints.txt 'uvicorn[standard]>=0.20' x@https://x/y.zip",
        "pip install --extra-index-url https://x --trusted-host x -r requirements.txt --timeout 100",
        "pip install --index-url=$INDEX -r requirements.txt",
        "pip uninstall -y -r requirements.txt",
        "pip download -d /wheels -r requirements.txt",
        "pip wheel --wheel-dir=/wheels -r requirements.txt",
        "pip install --prefix=/install -r requirements.txt",
        "[\"pip\", \"install\", \"-r\", \"requirements.txt\"]",
    ] {
        let expected = if run.starts_with("cd ") {
            "install /app/requirements; files /app/requirements.txt base.txt constraints.txt"
        } else {
            all
        };
        assert_eq!(needs(run, FILES), expected, "{run}");
    }
}

#[test]
fn packages_read_no_project() {
    for run in [
        "pip install flask",
        "pip install --upgrade pip setuptools wheel",
        "pip install poetry==$POETRY_VERSION",
        "pip install \"poetry==${POETRY_VERSION}\" \"uvicorn[standard]==$V\"",
        "pip install uvicorn[standard]",
        "pip install git+https://example.org/x.git#egg=x",
        "pip install git+https://example.org/x.git@$VERSION",
        "pip install --install-option=--prefix=/install x",
        "pip install https://example.org/x-1.0.whl",
        "pip install --no-index --find-links=/wheels flask",
        "pip install /wheels/*.whl",
        "pip install /wheels/x-1.0.whl",
        "pip uninstall -y flask",
    ] {
        assert_eq!(needs(run, FILES), "packages", "{run}");
    }
    for run in [
        "pip --version",
        "pip list",
        "pip freeze",
        "pip config set global.index-url https://x",
        "python3 -m ensurepip --upgrade",
    ] {
        assert_eq!(needs(run, FILES), "settings", "{run}");
    }
    assert_eq!(needs("pip cache purge", FILES), "clean-cache");
}

#[test]
fn leaves_alone_what_is_no_install() {
    for run in [
        "pip install --frobnicate -r requirements.txt",
        "pip install $OPTIONS -r requirements.txt --$X",
        "pip install -r",
        "pip config edit",
        "pip frobnicate",
        "pip $COMMAND -r requirements.txt",
        "pip",
        "pipx install poetry",
        "python setup.py install",
        "python -c 'import pip'",
        "python -m pytest",
        "python -m pip.x install -r requirements.txt",
        "pip-compile",
        "PIP_REQUIREMENT=x.txt pip install flask",
        "PIP_CONSTRAINT=$X pip install -r requirements.txt",
    ] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn local_projects_need_the_sources() {
    for (run, reason) in [
        ("pip install .", "BUILDS ."),
        ("pip install -e .", "BUILDS ."),
        ("pip install -e .[dev]", "BUILDS ."),
        ("pip install -e '.[dev]'", "BUILDS .[dev]"),
        ("pip install .[dev]", "BUILDS ."),
        ("pip install -r requirements.txt .", "BUILDS ."),
        ("pip install './lib/'", "BUILDS ./lib/"),
        ("pip install ./lib", "BUILDS ./lib"),
        ("pip install /app", "BUILDS /app"),
        ("pip install -e lib", "BUILDS lib"),
        ("pip install ./$X", "what `./$X` names is only known when pip runs"),
        ("pip install ./gone.whl", "pip installs ./gone.whl, which is not in the build context"),
        ("pip install -r $REQUIREMENTS", "what `-r $REQUIREMENTS` names is only known when pip runs"),
        ("pip install $PACKAGES", "what `$PACKAGES` names is only known when pip runs"),
        ("pip install wheels/*.whl", "what `wheels/*.whl` names is only known when pip runs"),
        ("pip install -r gone.txt", "gone.txt is not in the build context"),
        (
            "pip install -r /srv/requirements.txt",
            "no requirements.txt is copied from the build context to /srv",
        ),
        ("pip install -r lib", "lib is a directory"),
        (
            "pip install --find-links=gone flask",
            "pip takes packages from gone, which is not in the build context",
        ),
        (
            "pip wheel -r requirements.txt",
            "it puts archives into the project's directory, under names that are not known",
        ),
    ] {
        let reason = match reason.strip_prefix("BUILDS ") {
            Some(path) => format!(
                "pip builds the project in {path}: it cannot install the dependencies without the sources"
            ),
            None => reason.to_owned(),
        };
        assert_eq!(needs(run, FILES), format!("refused: {reason}"), "{run}");
    }
}

#[test]
fn follows_what_the_files_say() {
    let needs = |text: &str| {
        let mut files = FILES.to_vec();
        files[0] = ("requirements.txt", text);
        needs("pip install -r requirements.txt", &files)
    };
    for (text, expected) in [
        ("", "install /app; files requirements.txt"),
        (
            "\u{feff}-r requirements/base.txt\r\n",
            "install /app; files requirements.txt requirements/base.txt requirements/constraints.txt",
        ),
        ("-r requirements.txt\n", "install /app; files requirements.txt"),
        (
            "wheels/x-1.0-py3-none-any.whl\n",
            "install /app; files requirements.txt wheels/x-1.0-py3-none-any.whl",
        ),
        ("--no-index\n--find-links wheels\nx", "install /app; files requirements.txt; directories wheels"),
        (
            "-i https://${USER}:${TOKEN}@x/simple\n",
            "install /app; files requirements.txt; variables USER TOKEN",
        ),
        ("-e git+https://x/y.git#egg=y\n", "install /app; files requirements.txt; outputs src/y"),
        ("-r https://x/y.txt\n", "install /app; files requirements.txt"),
        (
            "a\n\n./lib # local\n",
            "refused: requirements.txt:3 installs ./lib, a directory of the build context, so it needs the sources",
        ),
        ("-e .\n", "refused: requirements.txt:1 installs ., the project itself, so it needs the sources"),
        (
            "-e file:///app#egg=x\n",
            "refused: requirements.txt:1 installs /app, the project itself, so it needs the sources",
        ),
        (
            "x @ file:lib\n",
            "refused: requirements.txt:1 installs lib, a directory of the build context, so it needs the sources",
        ),
        ("../x\n", "refused: requirements.txt:1 installs ../x, which no COPY brings from the build context"),
        (
            "x\n-r ../common.txt\n",
            "refused: requirements.txt:2 includes ../common.txt, which no COPY brings from the build context",
        ),
        ("-r gone.txt\n", "refused: requirements.txt:1 includes gone.txt, which is not in the build context"),
        ("-c ${NAME}.txt\n", "refused: requirements.txt:1 names a file by a variable: ${NAME}.txt"),
        ("./${NAME}\n", "refused: requirements.txt:1 names a file by a variable: ./${NAME}"),
        ("--nonsense\n", "refused: requirements.txt:1 has an option that is not known: --nonsense"),
        ("-f .\n", "refused: requirements.txt:1 looks for packages in the project's own directory"),
    ] {
        assert_eq!(needs(text), expected, "{text:?}");
    }
}

#[test]
fn other_settings_are_read_too() {
    let with = |run: &str, config: &str| {
        needs(run, &[("r.txt", ""), ("setup.cfg", config), ("index/x/x.whl", ""), ("cert.pem", "")])
    };
    assert_eq!(with("pip install -r r.txt", "[metadata]\n"), "install /app; files r.txt");
    assert_eq!(with("pip install -r r.txt", "[install]\nprefix=\n"), "install /app; files r.txt setup.cfg");
    assert_eq!(
        with("pip install --index-url ./index --cert=cert.pem -r r.txt", ""),
        "install /app; files cert.pem r.txt; directories index"
    );
}

/// Includes are relative to the including file, packages to the working directory.
#[test]
fn paths_start_in_two_places() {
    let files = [
        ("requirements/a.txt", "-r b.txt\n./x-1.0.tar.gz\n-f wheels\n"),
        ("requirements/b.txt", "-f ../links\n"),
        ("x-1.0.tar.gz", ""),
        ("wheels/w.whl", ""),
        ("requirements/wheels/w.whl", ""),
        ("links/l.whl", ""),
    ];
    assert_eq!(
        needs("pip install -r requirements/a.txt", &files),
        "install /app; files requirements/a.txt requirements/b.txt x-1.0.tar.gz; \
         directories links requirements/wheels"
    );
    let files =
        [("docs/requirements.txt", "-r ../requirements.txt\nsphinx>=1.4\n"), ("requirements.txt", "flask\n")];
    assert_eq!(
        needs("pip install -r docs/requirements.txt", &files),
        "install /app; files docs/requirements.txt requirements.txt"
    );
}

#[test]
fn says_what_it_writes_into_the_project() {
    assert_eq!(
        needs("pip install -t lib/vendor -r requirements/base.txt", FILES),
        "install /app; files requirements/base.txt requirements/constraints.txt; outputs lib/vendor"
    );
    let mut files = FILES.to_vec();
    files.push(("env/pyvenv.cfg", ""));
    assert_eq!(
        needs("pip install -r requirements/base.txt", &files),
        "install /app; files requirements/base.txt requirements/constraints.txt; outputs env"
    );
}

#[test]
fn settings_for_every_install_count() {
    let text = "FROM python\nWORKDIR /app\nCOPY . .\nCOPY pip.conf /etc/pip.conf\nRUN pip install -r r.txt\n";
    let needs = |config: &str| testing::needs(&Pip, text, &[("r.txt", ""), ("pip.conf", config)]);
    assert_eq!(needs("[global]\nindex-url=https://x\n"), "install /app; files r.txt");
    assert_eq!(
        needs("[install]\nconstraint = c.txt\n"),
        "refused: pip.conf:2 makes every install read c.txt"
    );
    let caches = |config: &str| testing::caches(&Pip, text, &[("r.txt", ""), ("pip.conf", config)]);
    assert_eq!(caches("[global]\nindex-url=https://x\n"), "/root/.cache/pip pure shared");
    assert_eq!(caches("[global]\ncache-dir = /x\n"), "refused: pip.conf:2 sets cache-dir for pip");
}

#[test]
fn installs_do_not_touch_the_project_they_stand_in() {
    use dockfix_model::build::Build;
    use dockfix_model::commands::Chain;
    use dockfix_model::effects::Effects;
    use dockfix_syntax::Dockerfile;
    let overlaps = |head: &str, directory: &str| {
        let text = format!("FROM python\n{head}\nRUN pip install -r requirements.txt\n");
        let file = Dockerfile::parse(text.as_bytes());
        let build = Build::of(&file);
        let step = build.stages[0].steps.last().unwrap();
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        let usage = crate::Ecosystem::recognise(&Pip, chain.invocations()[0], &step.state).unwrap();
        usage
            .effects
            .conflicts(&Effects::touching(vec![dockfix_model::ImagePath::absolute(directory).unwrap()]))
    };
    for directory in
        ["/app", "/srv", "/code", "/home/app/src", "/root", "/root/app", "/opt/app", "/usr/src/app"]
    {
        assert!(!overlaps(&format!("WORKDIR {directory}"), directory), "{directory}");
    }
    assert!(!overlaps("WORKDIR /app\nENV PATH=/app/venv/bin:$PATH VIRTUAL_ENV=/app/venv", "/app"));
    assert!(!overlaps("WORKDIR /home/me\nENV HOME=/home/me", "/home/me"));
    assert!(overlaps("WORKDIR /app\nENV VIRTUAL_ENV=/data/env", "/data/env"));
    assert!(overlaps("WORKDIR /app\nENV PATH=/data/env/bin:$PATH", "/data/env/bin"));
    assert!(overlaps("WORKDIR /app\nENV PIP_CONSTRAINT=/app/c.txt", "/app"));
    assert!(overlaps("WORKDIR /", "/root"));
    assert!(overlaps("WORKDIR /app", "/usr/local/lib/python3.12/site-packages/x"));
}

#[test]
fn the_cache_is_where_this_user_has_it() {
    for (text, expected) in [
        ("FROM python\nRUN pip install flask", "/root/.cache/pip pure shared"),
        ("FROM python\nRUN python -m pip install -r x", "/root/.cache/pip pure shared"),
        ("FROM python\nRUN pip install .", "/root/.cache/pip pure shared"),
        (
            "FROM python\nRUN pip install --no-cache-dir flask",
            "/root/.cache/pip pure shared; remove --no-cache-dir",
        ),
        (
            "FROM python\nRUN pip --no-cache install flask --no-cache-dir",
            "/root/.cache/pip pure shared; remove --no-cache; remove --no-cache-dir",
        ),
        ("FROM python\nENV PIP_CACHE_DIR=/c\nRUN pip install flask", "/c pure shared"),
        ("FROM python\nENV XDG_CACHE_HOME=/c\nRUN pip install flask", "/c/pip pure shared"),
        ("FROM python\nENV HOME=/h\nRUN pip install flask", "/h/.cache/pip pure shared"),
        ("FROM python\nRUN PIP_CACHE_DIR=/c pip install flask", "/c pure shared"),
        ("FROM python\nENV PIP_NO_CACHE_DIR=\nRUN pip install flask", "/root/.cache/pip pure shared"),
        ("FROM python\nRUN pip install --cache-dir /c flask", "/c pure shared"),
        ("FROM node\nUSER node\nRUN pip install flask", "/home/node/.cache/pip pure shared"),
        (
            "FROM python\nENV PIP_NO_CACHE_DIR=off\nRUN pip install flask",
            "refused: ENV PIP_NO_CACHE_DIR on line 2 turns pip's cache off, whatever its value",
        ),
        (
            "FROM python\nARG PIP_NO_CACHE_DIR\nRUN pip install flask",
            "refused: ARG PIP_NO_CACHE_DIR on line 2 turns pip's cache off, whatever its value",
        ),
        (
            "FROM python\nRUN PIP_NO_CACHE_DIR=1 pip install flask",
            "refused: PIP_NO_CACHE_DIR= turns pip's cache off, whatever its value",
        ),
        (
            "FROM python\nUSER app\nRUN pip install flask",
            "refused: the home directory of user app is not known, so its cache is not either",
        ),
        (
            "FROM company/base\nRUN pip install flask",
            "refused: it is not known which user runs it, so the cache directory is not either",
        ),
        (
            "FROM python\nARG C\nENV PIP_CACHE_DIR=$C\nRUN pip install flask",
            "refused: the value of PIP_CACHE_DIR is only known in the build, and it names a directory",
        ),
        (
            "FROM node\nUSER node\nRUN sudo pip install flask",
            "refused: it runs as another user than the RUN itself, so the cache directory is not known",
        ),
        ("FROM python\nRUN pip list", ""),
        ("FROM python\nRUN pip cache purge", ""),
    ] {
        assert_eq!(caches(text), expected, "{text}");
    }
}

#[test]
fn groups_are_read_from_pyproject() {
    let needs = |pyproject: &str| {
        needs(
            "pip install --group dev --group sub/pyproject.toml:x",
            &[("pyproject.toml", pyproject), ("sub/pyproject.toml", "")],
        )
    };
    assert_eq!(
        needs("[dependency-groups]\ndev = [\"pytest\", {include-group = \"b\"}]\n"),
        "install /app; files pyproject.toml sub/pyproject.toml"
    );
    assert_eq!(
        needs("[dependency-groups]\ndev = [\n  \"x @ file:///app/lib\",\n]\n"),
        "refused: pyproject.toml:3 installs /app/lib, which is not in the build context"
    );
    assert_eq!(needs("[dependency-groups\n"), "refused: pyproject.toml:1 is not valid TOML");
}

#[test]
fn malformed_input_is_no_panic() {
    let texts: [&[u8]; 8] = [
        b"\xff\xfe\n",
        b"\xff\xfe-\0r",
        b"-r\n-r ''\n-e\n",
        b"\\\n\\\n",
        b"${\n${}\n@\n@@ @\n[\n]\n;\n",
        b"-r ../../../../../../x\n-f ../../..\n",
        b"x @ file:\nfile://\nfile:///\n",
        b"\"\n'\n--=\n-=\n--hash\n",
    ];
    for bytes in texts {
        let text = String::from_utf8_lossy(bytes);
        let _ = needs("pip install -r requirements.txt", &[("requirements.txt", &text)]);
        for line in crate::python::requirements::lines(&crate::python::requirements::decode(bytes)) {
            let _ = crate::python::requirements::item(&line.text);
        }
    }
    for run in ["pip install ''", "pip install ' ' '@' '[' ';' ']' './' '/' '..'", "pip install -e ''"] {
        let _ = needs(run, &[]);
        let _ = needs(run, FILES);
    }
}

#[test]
fn what_is_compiled_here_does_not_come_from_a_mount() {
    let with = |set: &str, run: &str| testing::caches(&Pip, &format!("FROM python\n{set}\nRUN {run}"), &[]);
    for (set, run, what) in [
        ("", "pip install --no-cache-dir --no-binary=lxml lxml", "--no-binary"),
        ("", "pip install --no-build-isolation flash-attn", "--no-build-isolation"),
        ("", "pip install --global-option=build_ext gdal", "--global-option"),
        ("", "PIP_NO_BINARY=lxml,xmlsec pip install lxml", "PIP_NO_BINARY="),
        ("ENV LDFLAGS=-L/x", "pip install psycopg2", "ENV LDFLAGS on line 2"),
    ] {
        let expected = format!(
            "refused: {what} says how to compile in this image, and pip would take from the mount what was compiled in \
             another"
        );
        assert_eq!(with(set, run), expected, "{run}");
    }
    assert_eq!(with("", "pip install --no-binary :none: lxml"), "/root/.cache/pip pure shared");
    assert_eq!(with("ENV CFLAGS=", "pip install lxml"), "/root/.cache/pip pure shared");
}

/// Without build isolation a package is compiled against what is installed: pip keeps the wheel by its source alone.
#[test]
fn what_is_compiled_against_another_package_does_not_come_from_a_mount() {
    let with = |run: &str, files: &[(&str, &str)]| {
        testing::caches(&Pip, &format!("FROM python\nWORKDIR /a\nCOPY . .\nRUN {run}"), files)
    };
    let tail = "and pip would take from the mount what was compiled against another";
    let torch = "is compiled against the torch of this image";
    for (run, name) in [
        ("pip install --no-cache-dir flash-attn==2.5.0", "flash-attn"),
        ("pip install torch Flash_Attn", "flash-attn"),
        ("pip install \"mamba-ssm==${V}\"", "mamba-ssm"),
        ("pip install 'deepspeed[x]>=0.1'", "deepspeed"),
        ("pip install git+https://github.com/NVIDIA/apex@abc#egg=apex", "apex"),
        ("pip install 'detectron2 @ git+https://x/y@abc'", "detectron2"),
    ] {
        assert_eq!(with(run, &[]), format!("refused: pip installs {name}, which {torch}, {tail}"), "{run}");
    }
    let built = "which may be compiled against the numpy of this image";
    assert_eq!(
        with("pip install numpy==1.26 'x @ git+https://x/y@abc'", &[]),
        format!("refused: pip installs x, {built}, {tail}")
    );
    let files = |text: &'static str| [("r.txt", "-r more.txt\n"), ("more.txt", text)];
    assert_eq!(
        with("pip install -r r.txt", &files("flask\nxformers==0.0.20 --hash=sha256:0\n")),
        format!("refused: more.txt:2 installs xformers, which {torch}, {tail}")
    );
    assert_eq!(
        with("pip install -r r.txt", &files("numpy\nx @ git+https://x/y@abc\n")),
        format!("refused: more.txt:2 installs x, {built}, {tail}")
    );
    for (run, text) in [
        ("pip install -r r.txt", "flash\nnumpy\ntorch @ https://x/torch-2.0-cp310-cp310-linux_x86_64.whl\n"),
        ("pip install torch numpy", ""),
        ("pip install 'x @ git+https://x/y@abc'", ""),
        ("pip install https://x/flash_attn-2.5-cp310-cp310-linux_x86_64.whl torch", ""),
        ("pip install torch git+https://x/y", ""),
        ("pip install --only-binary :all: flash-attn", ""),
    ] {
        assert_eq!(with(run, &files(text)).split(';').next(), Some("/root/.cache/pip pure shared"), "{run}");
    }
}

/// Under one address may lie another archive tomorrow, and pip does not ask for it while it has a wheel.
#[test]
fn archives_by_address_are_asked_for_each_time() {
    const ADDRESS: &str = "https://e.com/b/mylib-latest.tar.gz";
    let take = "of which pip would take from the mount what it has built before, whatever lies there by now";
    let with = |run: &str, files: &[(&str, &str)]| {
        testing::caches(&Pip, &format!("FROM python\nWORKDIR /app\nCOPY . .\nRUN {run}"), files)
    };
    let line = format!("mylib @ {ADDRESS}\n");
    let from_file = "pip install --no-cache-dir -r requirements.txt";
    for (name, text) in [("requirements.txt", line.as_str()), ("base.txt", &line)] {
        let files = [("requirements.txt", "flask\n-r base.txt\n"), ("base.txt", "six\n"), (name, text)];
        let number = 1;
        assert_eq!(with(from_file, &files), format!("refused: {name}:{number} installs {ADDRESS}, {take}"));
    }
    for word in [format!("'mylib @ {ADDRESS}'"), ADDRESS.to_owned(), "'https://e.com/$V.zip'".to_owned()] {
        let run = format!("pip install {word}");
        let address = word.trim_matches('\'').trim_start_matches("mylib @ ");
        assert_eq!(with(&run, &[]), format!("refused: it installs {address}, {take}"), "{run}");
    }
    let project =
        format!("[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n  \"mylib @ {ADDRESS}\",\n]\n");
    assert_eq!(
        with("pip install .", &[("pyproject.toml", &project)]),
        format!("refused: pyproject.toml:5 installs {ADDRESS}, {take}")
    );
    let setup = format!("from setuptools import setup\nsetup(install_requires=['mylib @ {ADDRESS}'])\n");
    assert_eq!(
        with("pip install -e .", &[("setup.py", &setup)]),
        format!("refused: setup.py:2 installs {ADDRESS}, {take}")
    );
    // A wheel, a hash or a commit says what is wanted, and of other names pip keeps nothing.
    for requirement in [
        "x @ https://e.com/x-1-py3-none-any.whl",
        "x @ https://e.com/x-1.tar.gz#sha256=00",
        "x @ https://e.com/x-1.tar.gz --hash=sha256:00",
        "x @ git+https://e.com/x-1.git@main",
        "x @ https://e.com/archive/main.zip",
    ] {
        let found = with("pip install -r requirements.txt", &[("requirements.txt", requirement)]);
        assert_eq!(found, "/root/.cache/pip pure shared", "{requirement}");
    }
}
