//! The scenarios: a Dockerfile and its context, and what changes between two builds.

use std::collections::BTreeSet;

use dockfix_model::build::Build;
use dockfix_model::cache::{Content, FileChange, Options, Outcomes, Plan, Target};
use dockfix_syntax::Dockerfile;

use super::shapes::{Made, PARTS, SHAPES, Shape};
use super::texts::REWRITES;
use super::tree::{self, IGNORES, OPERATIONS, Tree};

/// Everything that decides about two builds in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// The text of `.dockerignore` before; none if empty.
    pub(crate) ignore: String,
    /// `--build-arg` and `--target`, before and after, as on the command line.
    pub(crate) options: [String; 2],
    /// What happens to the files, and `base` for another base image, `secret` for another secret.
    pub(crate) operations: Vec<String>,
    /// What the stages that run again make.
    pub(crate) content: Content,
    /// The Dockerfile, before and after.
    pub(crate) texts: [String; 2],
}

impl Scenario {
    fn of(shape: &Shape, name: &str) -> Self {
        Self {
            name: format!("{}/{name}", shape.name),
            ignore: String::new(),
            options: [String::new(), String::new()],
            operations: Vec::new(),
            content: if shape.made == Made::Other { Content::Other } else { Content::Same },
            texts: [shape.text.to_owned(), shape.text.to_owned()],
        }
    }

    /// The files before and after; nothing if an operation does not fit.
    pub(crate) fn trees(&self) -> Option<[Tree; 2]> {
        let before = tree::tree(&self.ignore);
        let mut after = before.clone();
        for operation in &self.operations {
            if !["base", "secret"].contains(&operation.as_str()) {
                tree::apply(&mut after, operation)?;
            }
        }
        Some([before, after])
    }

    fn settle(mut self, shape: &Shape) -> Option<Self> {
        let [before, after] = self.trees()?;
        // Of two copies from the same stage, one finds the same bytes here and one finds others.
        if self.name == "stage-mounts-other/add-copy" {
            return None;
        }
        if let Made::Below(dir) = shape.made {
            let below = |tree: &Tree| -> Tree {
                let context = tree::context(tree, "");
                let seen = context.walk(dir).map(|entry| entry.unwrap().path);
                seen.filter_map(|path| Some((path.clone(), tree.get(&path)?.clone()))).collect()
            };
            let same = below(&before) == below(&after);
            self.content = if same { Content::Same } else { Content::Other };
        }
        // What a RUN with a secret stands on, and what is copied from the image itself.
        let is_base = self.operations.iter().any(|operation| operation == "base");
        let is_elsewhere = self.texts[1].contains("WORKDIR /new") || self.texts[1].contains("/fresh");
        if shape.name == "from-image" && is_base || shape.name == "secret" && (is_base || is_elsewhere) {
            self.content = Content::Other;
        }
        Some(self)
    }

    /// What the model says.
    pub(crate) fn predicted(&self, content: Content) -> (Plan, Outcomes) {
        let [before_tree, after_tree] = self.trees().unwrap();
        let plan = |side: usize, tree: &Tree| {
            let file = Dockerfile::parse(self.texts[side].as_bytes());
            Plan::of(
                &Build::of(&file),
                &tree::context(tree, &self.texts[side]),
                &options(&self.options[side]),
            )
        };
        let (before, after) = (plan(0, &before_tree), plan(1, &after_tree));
        let paths: BTreeSet<&String> = before_tree.keys().chain(after_tree.keys()).collect();
        let mut changes: Vec<FileChange<'_>> = Vec::new();
        for path in paths {
            let (was, is) = (before_tree.get(path), after_tree.get(path));
            if was != is {
                // A directory that is listed for its mode was there before, too.
                let was_there =
                    was.is_some() || before_tree.keys().any(|other| other.starts_with(&format!("{path}/")));
                changes.push(FileChange { path, was_there, is_there: is.is_some() });
            }
        }
        if self.texts[0] != self.texts[1] {
            changes.push(FileChange::edited("Dockerfile"));
        }
        let outcomes = if self.operations.iter().any(|operation| operation == "base") {
            after.compare_with_other_images(&before, &changes, content)
        } else {
            after.compare(&before, &changes, content)
        };
        (after, outcomes)
    }

    /// One line of the data, without the outcome.
    pub(crate) fn line(&self) -> String {
        let [before, after] = &self.texts;
        let after = if before == after { "=" } else { after };
        let content = if self.content == Content::Other { "other" } else { "same" };
        let fields: [&str; 8] = [
            &self.name,
            &self.ignore,
            &self.options[0],
            &self.options[1],
            &self.operations.join(";"),
            content,
            before,
            after,
        ];
        fields.map(escape).join("\t")
    }

    /// Reads such a line.
    pub(crate) fn read(line: &str) -> (Self, String) {
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        let [name, ignore, options, options_after, operations, content, before, after, outcome] =
            fields.try_into().unwrap();
        let operations =
            operations.split(';').filter(|operation| !operation.is_empty()).map(str::to_owned).collect();
        let content = if content == "other" { Content::Other } else { Content::Same };
        let after = if after == "=" { before.clone() } else { after };
        let texts = [before, after];
        (Self { name, ignore, options: [options, options_after], operations, content, texts }, outcome)
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        result.push(match c {
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            },
            c => c,
        });
    }
    result
}

fn options(line: &str) -> Options {
    let mut options = Options { builder: super::BUILDER, ..Options::default() };
    for word in line.split_whitespace() {
        match word.strip_prefix("--target=") {
            Some(stage) => options.target = Target::Stage(stage.to_owned()),
            None => {
                let (name, value) = word.strip_prefix("--build-arg=").unwrap().split_once('=').unwrap();
                options.arguments.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    options
}

/// Numbers that look random: SplitMix64.
struct Random(u64);

impl Random {
    /// The same numbers for the same name, so that a new scenario leaves the others as they are.
    fn named(name: &str) -> Self {
        Self(
            name.bytes()
                .fold(20_261_121, |seed: u64, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

const ARGUMENTS: &[&str] = &[
    "A=one",
    "B=one",
    "G=one",
    "UNUSED=one",
    "UNDECLARED=one",
    "HTTP_PROXY=http://localhost:9",
    "no_proxy=localhost",
    "OWNER=2:2",
    "MODE=700",
    "DIR=config",
    "FILE=package-lock",
    "WHICH=two",
    "TARGETARCH=other",
    "A=1",
    "FRESH=one",
];

const TARGETS: &[(&str, &str, &str)] = &[
    ("stages-same", "--target=build", ""),
    ("stages-same", "", "--target=deps"),
    ("stages-other", "--target=build", ""),
    ("chain", "--target=deps", "--target=build"),
    ("unneeded", "", "--target=test"),
    ("unneeded", "--target=lint", "--target=test"),
    ("image-argument", "--target=two", ""),
    ("image-argument", "--build-arg=WHICH=two", "--target=two"),
];

/// All scenarios: the same ones every time.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all: Vec<Scenario> = Vec::new();
    for shape in SHAPES {
        all.extend(Scenario::of(shape, "nothing").settle(shape));
    }
    for operation in OPERATIONS {
        let mut random = Random::named(operation);
        // Those that every file is about come first.
        let mut add = |shape: &Shape, ignore: &str| {
            let mut scenario = Scenario::of(shape, operation);
            ignore.clone_into(&mut scenario.ignore);
            scenario.operations.push((*operation).to_owned());
            all.extend(scenario.settle(shape));
        };
        for _ in 0..3 {
            let ignore = random.of(IGNORES);
            add(&SHAPES[random.below(SHAPES.len())], ignore);
        }
        let ignore = random.of(IGNORES);
        add(&SHAPES[random.below(2)], ignore);
    }
    for (name, rewrite) in REWRITES {
        let mut random = Random::named(name);
        let fitting: Vec<_> = SHAPES.iter().filter(|shape| rewrite(shape.text).is_some()).collect();
        assert!(!fitting.is_empty(), "{name} fits no shape");
        let start = random.below(fitting.len());
        for shape in (0..fitting.len().min(2)).map(|step| fitting[(start + step) % fitting.len()]) {
            let mut scenario = Scenario::of(shape, name);
            scenario.texts[1] = rewrite(shape.text).unwrap();
            all.extend(scenario.settle(shape));
        }
    }
    for argument in ARGUMENTS {
        let mut random = Random::named(argument);
        let name = argument.split('=').next().unwrap_or_default();
        let fitting: Vec<_> =
            SHAPES.iter().filter(|shape| shape.text.contains(&format!("ARG {name}"))).collect();
        for turn in 0..2 {
            let fitting = if fitting.is_empty() { SHAPES.iter().collect() } else { fitting.clone() };
            let shape = random.of(&fitting);
            let mut scenario = Scenario::of(shape, &format!("{argument} {turn}"));
            scenario.options[1] = format!("--build-arg={argument}");
            if turn == 1 {
                scenario.options[0] = format!("--build-arg={name}=1");
            }
            all.extend(scenario.settle(shape));
        }
    }
    let named = |name: &str| SHAPES.iter().find(|shape| shape.name == name).unwrap();
    for (name, before, after) in TARGETS {
        let shape = named(name);
        let mut scenario = Scenario::of(shape, &format!("target {before} {after}"));
        scenario.options = [(*before).to_owned(), (*after).to_owned()];
        all.extend(scenario.settle(shape));
    }
    for operation in ["base", "secret"] {
        for name in [
            "install",
            "links",
            "stages-same",
            "chain-other",
            "scratch",
            "secret",
            "linked-stages",
            "from-image",
        ] {
            let mut scenario = Scenario::of(named(name), operation);
            scenario.operations.push(operation.to_owned());
            all.extend(scenario.settle(named(name)));
        }
    }
    for number in 0..40 {
        // Two changes at once.
        let mut random = Random::named(&format!("both {number}"));
        let shape = &SHAPES[random.below(SHAPES.len())];
        let mut scenario = Scenario::of(shape, &format!("both {number}"));
        scenario.ignore = random.of(IGNORES).to_owned();
        scenario.operations.push(random.of(OPERATIONS).to_owned());
        let fitting: Vec<_> = REWRITES.iter().filter_map(|(_, rewrite)| rewrite(shape.text)).collect();
        scenario.texts[1] = random.of(&fitting);
        all.extend(scenario.settle(shape));
    }
    for number in 0..90 {
        let mut random = Random::named(&format!("random {number}"));
        let mut lines = vec!["ARG G=g", "FROM BASE"];
        for _ in 0..4 + random.below(8) {
            lines.push(random.of(PARTS));
        }
        let text = lines.join("\n") + "\n";
        let shape = Shape { name: "random", text: "", made: Made::Same };
        let mut scenario = Scenario::of(&shape, &number.to_string());
        scenario.ignore = random.of(IGNORES).to_owned();
        scenario.texts = [text.clone(), text.clone()];
        match random.below(4) {
            0 => {
                let fitting: Vec<_> = REWRITES.iter().filter_map(|(_, rewrite)| rewrite(&text)).collect();
                scenario.texts[1] = random.of(&fitting);
            }
            1 => scenario.options[1] = format!("--build-arg={}", random.of(&ARGUMENTS[..3])),
            _ => scenario.operations.push(random.of(OPERATIONS).to_owned()),
        }
        all.extend(scenario.settle(&shape));
    }
    let mut seen = BTreeSet::new();
    all.retain(|scenario| seen.insert(scenario.line()));
    all
}
