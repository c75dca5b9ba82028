use super::Conda;
use crate::testing;

const YML: &str =
    "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - pip:\n    - flask\n";
const FILES: &[(&str, &str)] = &[
    ("environment.yml", YML),
    ("env/linux.yml", "dependencies:\n- numpy\n- pip:\n  - -r requirements.txt\n  - ./x-1.0.whl\n"),
    ("env/requirements.txt", "flask\n"),
    ("env/x-1.0.whl", ""),
    ("conda.txt", "# list\nnumpy=1.26\n"),
    ("requirements.txt", "flask\n"),
];

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Conda, &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
}

#[test]
fn environment_files_are_manifests() {
    let linux = "install /app; files env/linux.yml env/requirements.txt env/x-1.0.whl";
    for (run, expected) in [
        ("conda env create", "install /app; files environment.yml"),
        ("conda env create -f environment.yml", "install /app; files environment.yml"),
        ("mamba env update -n base --file=environment.yml --prune", "install /app; files environment.yml"),
        ("conda env update -qf env/linux.yml", linux),
        ("micromamba install -y -n base -f env/linux.yml", linux),
        ("micromamba create --yes --file environment.yml -p /opt/x", "install /app; files environment.yml"),
        ("conda install -y --file conda.txt", "install /app; files conda.txt"),
        ("conda create -y -n x --file conda.txt python=3.12", "install /app; files conda.txt"),
        (
            "conda env create -p ./env2 -f environment.yml",
            "install /app; files environment.yml; outputs env2",
        ),
        ("conda env create -f gone.yml", "refused: gone.yml is not in the build context"),
        (
            "conda install --file environment.yml",
            "refused: environment.yml is no list of packages, which conda expects here",
        ),
    ] {
        assert_eq!(needs(run, FILES), expected, "{run}");
    }
}

#[test]
fn local_projects_are_refused() {
    let with = |text: &str| needs("conda env create -f e.yml", &[("e.yml", text), ("setup.py", "")]);
    for (text, expected) in [
        (
            "dependencies:\n- pip:\n  - -e .\n",
            "refused: e.yml:3 installs ., the project itself, so it needs the sources",
        ),
        (
            "channels:\n- file:///srv/channel\n",
            "refused: e.yml:2 has a channel in a directory: file:///srv/channel",
        ),
        ("dependencies:\n- ./x.conda\n", "refused: e.yml:2 installs ./x.conda"),
        ("package:\n- url: file:///x.conda\n", "refused: e.yml:2 installs file:///x.conda"),
        ("dependencies: [", "refused: e.yml:2 is not valid YAML"),
        ("", "install /app; files e.yml"),
        ("- 1\n", "install /app; files e.yml"),
    ] {
        assert_eq!(with(text), expected, "{text}");
    }
}

/// The image's own working directory is not known, and need not be.
#[test]
fn absolute_paths_do_not_need_the_directory() {
    let needs = |run: &str| {
        let file = format!("FROM mambaorg/micromamba\nCOPY . /tmp/src\nRUN {run}");
        testing::needs(&Conda, &file, &[("env.yaml", "dependencies:\n- numpy\n")])
    };
    assert_eq!(
        needs("micromamba install -y -n base -f /tmp/src/env.yaml"),
        "install /; files tmp/src/env.yaml"
    );
    assert_eq!(needs("micromamba install -y -n base -f env.yaml"), "install ?");
}

#[test]
fn packages_by_name_are_neutral() {
    for run in [
        "conda install -y numpy",
        "conda install -y -c conda-forge 'python>=3.10' conda-forge::mamba",
        "conda install python=$VERSION",
        "conda create -n x python=3.12 -y",
        "conda create -p /opt/x",
        "conda update -n base conda",
        "conda config --set always_yes true",
        "conda init bash",
        "conda --version",
        "conda info -a",
        "micromamba install -y -n base -c conda-forge numpy",
    ] {
        assert_eq!(needs(run, FILES), "packages", "{run}");
    }
    for run in
        ["conda clean -afy", "conda clean --all -y", "conda clean -tipsy", "micromamba clean --all --yes"]
    {
        assert_eq!(needs(run, FILES), "clean-cache", "{run}");
    }
}

#[test]
fn what_conda_runs_is_what_it_is() {
    assert_eq!(
        needs("conda run -n x pip install -r requirements.txt", FILES),
        "install /app; files requirements.txt"
    );
    assert_eq!(
        needs("conda run --no-capture-output -p /opt/x python -m pip install flask", FILES),
        "packages"
    );
    assert_eq!(
        needs("conda run -n x pip install .", FILES),
        "refused: pip builds the project in .: it cannot install the dependencies without the sources"
    );
    let files = [("pyproject.toml", ""), ("poetry.lock", "")];
    assert_eq!(
        needs("conda run -n x poetry install", &files),
        "refused: poetry would have to run by conda run without the sources"
    );
    for run in ["conda run -n x python app.py", "conda run", "conda run --cwd x pip install flask"] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn the_rest_is_opaque() {
    for run in [
        "conda activate x",
        "conda build .",
        "conda env export",
        "conda env",
        "conda",
        "conda install ./x.conda",
        "conda install $PACKAGES",
        "conda install --nonsense x",
        "conda install --file $X",
        "conda install -c ./channel x",
        "conda create --clone x",
        "micromamba shell init",
        "mambax",
    ] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn its_cache_is_part_of_the_image() {
    let caches = |run: &str| testing::caches(&Conda, &format!("FROM python\nRUN {run}"), &[]);
    assert_eq!(
        caches("conda install -y numpy"),
        "refused: conda writes into the image how each package was linked from its cache, so a mount would change the \
         image"
    );
    assert_eq!(caches("conda clean -afy"), "");
    assert_eq!(caches("conda run -n x pip install flask"), "/root/.cache/pip pure shared");
}
