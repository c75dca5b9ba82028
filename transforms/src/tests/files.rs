//! `manifest-first`: COPYs of single files.

use super::{check, check_unchanged};

type Files<'f> = super::Files<'f>;

const FLASK: Files<'_> = &[
    ("requirements.txt", "flask\n"),
    ("dev-requirements.txt", "pytest\n"),
    ("app.py", ""),
    ("start.sh", ""),
    ("pip.conf", ""),
    ("package.json", "{}"),
    ("conf/x.ini", ""),
    ("site.tar", "site\0ustar"),
];

fn sinks(before: &str, after: &str) {
    check(&["manifest-first"], FLASK, before, after);
}

fn stays(dockerfile: &str) {
    check_unchanged(&["manifest-first"], FLASK, dockerfile);
}

#[test]
fn a_file_sinks_below_installs_that_do_not_need_it() {
    sinks(
        "FROM python\nWORKDIR /app\nCOPY requirements.txt .\nRUN apt-get update && apt-get install -y gcc\nRUN pip install -r requirements.txt\n",
        "FROM python\nWORKDIR /app\nRUN apt-get update && apt-get install -y gcc\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
    );
    // What follows the last install that gains stays below.
    sinks(
        "FROM python\nWORKDIR /app\n# the server\nCOPY ./app.py start.sh ./\nRUN pip install flask\nRUN chmod +x start.sh\n",
        "FROM python\nWORKDIR /app\nRUN pip install flask\n# the server\nCOPY ./app.py start.sh ./\nRUN chmod +x start.sh\n",
    );
    // Of several each goes as far as it can.
    sinks(
        "FROM python\nCOPY requirements.txt /app/\nCOPY start.sh /start.sh\nRUN apt-get update && apt-get install -y gcc\nRUN pip install -r /app/requirements.txt\nRUN /start.sh\n",
        "FROM python\nRUN apt-get update && apt-get install -y gcc\nCOPY requirements.txt /app/\nRUN pip install -r /app/requirements.txt\nCOPY start.sh /start.sh\nRUN /start.sh\n",
    );
}

#[test]
fn a_copy_is_parted_where_an_install_needs_some_of_its_files() {
    sinks(
        "FROM python\nWORKDIR /app\nCOPY --chown=1:1 requirements.txt ./app.py /app/\nRUN pip install -r requirements.txt\nRUN python app.py\n",
        "FROM python\nWORKDIR /app\nCOPY --chown=1:1 requirements.txt /app/\nRUN pip install -r requirements.txt\nCOPY --chown=1:1 ./app.py /app/\nRUN python app.py\n",
    );
    sinks(
        "FROM python\nWORKDIR /app\nCOPY app.py \\\n     requirements.txt \\\n     ./\nRUN pip install -r requirements.txt && python app.py\n",
        "FROM python\nWORKDIR /app\nCOPY requirements.txt \\\n     ./\nRUN pip install -r requirements.txt\nCOPY app.py ./\nRUN python app.py\n",
    );
    // One word stands for what must stay and for what may go; one has no place in the text.
    stays("FROM python\nWORKDIR /app\nCOPY *.* ./\nRUN pip install -r requirements.txt\nRUN python app.py\n");
    stays(
        "FROM python\nWORKDIR /app\nCOPY [\"requirements.txt\", \"app.py\", \"./\"]\nRUN pip install -r requirements.txt\n",
    );
}

/// A relative destination is written out below another WORKDIR.
#[test]
fn the_destination_stays_the_same() {
    sinks(
        "FROM python\nWORKDIR /app\nCOPY requirements.txt app.py ./\nWORKDIR /srv/x\nRUN pip install -r /app/requirements.txt\n",
        "FROM python\nWORKDIR /app\nCOPY requirements.txt ./\nWORKDIR /srv/x\nRUN pip install -r /app/requirements.txt\nCOPY app.py /app/\n",
    );
}

/// A file that the COPY renames keeps its name.
#[test]
fn a_named_destination_stays_one() {
    sinks(
        "FROM python\nWORKDIR /app\nCOPY conf/x.ini ./y.ini\nWORKDIR /srv/x\nRUN pip install flask\n",
        "FROM python\nWORKDIR /app\nWORKDIR /srv/x\nRUN pip install flask\nCOPY conf/x.ini /app/y.ini\n",
    );
}

#[test]
fn neighbours_sink_together() {
    let outcome = super::run(
        &["manifest-first"],
        FLASK,
        "FROM python\nWORKDIR /app\n\n# what the server needs\nCOPY app.py .\nCOPY start.sh .\n# its settings\nCOPY conf/x.ini conf/\n\nRUN pip install flask\n\nRUN python app.py\n",
    );
    let file = super::dockerfile(&outcome);
    assert_eq!(
        String::from_utf8_lossy(&file.after),
        "FROM python\nWORKDIR /app\n\nRUN pip install flask\n\n# what the server needs\nCOPY app.py .\nCOPY start.sh .\n# its settings\nCOPY conf/x.ini conf/\n\nRUN python app.py\n",
    );
    let reasons: Vec<_> = file.changes.iter().map(|it| &*it.reason).collect();
    assert_eq!(reasons, ["pip install flask no longer reruns when the files of lines 5 to 8 change"]);
}

/// A manifest of the manager stays where people have put it, also where the install does not need it.
#[test]
fn manifests_stay_above_installs_of_their_manager() {
    let files: Files<'_> = &[
        ("package.json", "{\"name\": \"a\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}"),
        ("other/package.json", "{\"name\": \"b\"}"),
        ("tsconfig.json", "{}"),
    ];
    check_unchanged(
        &["manifest-first"],
        files,
        "FROM node\nWORKDIR /app\nCOPY package.json .\nCOPY other/package.json other/\nRUN npm install\n",
    );
    check(
        &["manifest-first"],
        files,
        "FROM node\nWORKDIR /app\nCOPY package.json .\nCOPY tsconfig.json .\nRUN npm install\n",
        "FROM node\nWORKDIR /app\nCOPY package.json .\nRUN npm install\nCOPY tsconfig.json .\n",
    );
    sinks(
        "FROM python\nWORKDIR /app\nCOPY requirements.txt dev-requirements.txt ./\nRUN pip install -r requirements.txt\nRUN pip install -r dev-requirements.txt\n",
        "FROM python\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY dev-requirements.txt ./\nRUN pip install -r dev-requirements.txt\n",
    );
}

/// A comment that tells of the install below the copy, and not of the copy, stays with it.
#[test]
fn the_comment_of_an_install_stays_with_it() {
    sinks(
        "FROM python\nWORKDIR /app\n# Install the compiler\nCOPY app.py .\nRUN apt-get update && apt-get install -y gcc\nRUN python app.py\n",
        "FROM python\nWORKDIR /app\n# Install the compiler\nRUN apt-get update && apt-get install -y gcc\nCOPY app.py .\nRUN python app.py\n",
    );
    sinks(
        "FROM python\nWORKDIR /app\n# Copy the app and install\nCOPY app.py .\nRUN apt-get update && apt-get install -y gcc\nRUN python app.py\n",
        "FROM python\nWORKDIR /app\nRUN apt-get update && apt-get install -y gcc\n# Copy the app and install\nCOPY app.py .\nRUN python app.py\n",
    );
}

#[test]
fn add_brings_files_that_are_no_archives() {
    sinks(
        "FROM python\nWORKDIR /app\nADD app.py .\nRUN pip install flask\n",
        "FROM python\nWORKDIR /app\nRUN pip install flask\nADD app.py .\n",
    );
    stays("FROM python\nWORKDIR /app\nADD site.tar .\nRUN pip install flask\n");
    stays("FROM python\nWORKDIR /app\nADD https://example.com/app.py .\nRUN pip install flask\n");
    stays("FROM python\nWORKDIR /app\nADD app.py git@example.com:a/b ./\nRUN pip install flask\n");
}

#[test]
fn what_an_install_may_find_stays() {
    for dockerfile in [
        "FROM python\nCOPY pip.conf /etc/pip.conf\nRUN pip install flask\n",
        "FROM python\nCOPY pip.conf /root/.config/pip/\nRUN pip install flask\n",
        "FROM python\nENV PIP_CONFIG_FILE=/conf/pip.conf\nCOPY pip.conf /conf/pip.conf\nRUN pip install flask\n",
        "FROM python\nCOPY pip.conf /conf/c\nRUN PIP_CONFIG_FILE=/conf/c pip install flask\n",
        "FROM python\nCOPY start.sh /usr/local/share/ca-certificates/x.crt\nRUN apt-get update && apt-get install -y ca-certificates\n",
        "FROM python\nCOPY start.sh /usr/local/bin/\nRUN pip install flask\n",
        "FROM python\nCOPY requirements.txt /r\nRUN apt-get update && apt-get install -y $(cat /r)\n",
        "FROM python\nCOPY app.py app.py\nRUN python app.py && pip install flask\n",
        "FROM python\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
        "FROM python\nCOPY start.sh /root/.ssh/id_rsa\nRUN pip install git+ssh://git@example.com/a/b\n",
        "FROM node\nWORKDIR /app\nCOPY package.json .\nRUN yarn add left-pad\n",
        // The lists would be fetched without the install.
        "FROM debian\nCOPY start.sh /a/\nRUN apt-get update\nRUN cat /a/start.sh && apt-get install -y curl\n",
        // The directory would be made by another user.
        "FROM python\nUSER 1000\nCOPY app.py /app/\nWORKDIR /app\nRUN pip install flask\n",
        "FROM python\nCOPY --link app.py /app/\nRUN pip install flask\n",
    ] {
        stays(dockerfile);
    }
}
