//! What a verification makes of the files: what may be written, and what is to be told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Rewritten;
use super::outcome::Done;
use crate::report::{FileError, Status};
use crate::verify::{Pair, Settings, Verification, VerifyError, verify};

impl Rewritten {
    /// The Dockerfiles that can be built, sorted by path.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self.done.iter().filter_map(|one| one.pair.clone()).collect();
        pairs.sort_by(|a, b| a.path.cmp(&b.path));
        pairs
    }

    /// What cannot be built: files that failed, and those that would change but whose context nobody knows.
    pub(crate) fn failures(&self) -> Vec<Verification> {
        let reports = self.done.iter().map(|one| &one.report).chain(&self.reports);
        let failed = reports.filter(|report| report.status == Status::Failed).map(|report| {
            let errors: Vec<&str> = report.errors.iter().map(|error| &*error.message).collect();
            Verification::failed(&report.path, errors.join("; "))
        });
        let unknown = self.done.iter().filter(|one| one.is_unverifiable());
        let unknown = unknown.map(|one| Verification::failed(&one.report.path, UNKNOWN.to_owned()));
        failed.chain(unknown).collect()
    }

    /// Builds, and lets only those changes stand that make the same image. The files that share a context stand or fall
    /// together, because they share its ignore file.
    pub(super) fn keep_verified(&mut self, settings: &Settings) -> Result<(), VerifyError> {
        let report = verify(self.pairs(), settings)?;
        let mut lost: BTreeSet<PathBuf> = BTreeSet::new();
        for one in &mut self.done {
            let verified =
                one.pair.as_ref().and_then(|pair| report.files.iter().find(|file| file.path == pair.path));
            let problem = match verified {
                Some(verified) => (!verified.is_good()).then(|| verified.details()),
                None => one.is_unverifiable().then(|| UNKNOWN.to_owned()),
            };
            if let Some(problem) = problem {
                one.content = None;
                one.report.fail(FileError::new(format!("not written: {problem}")));
                lost.extend(one.context.clone());
            }
        }
        for one in &mut self.done {
            if one.content.is_some() && one.context.as_ref().is_some_and(|context| lost.contains(context)) {
                one.content = None;
                let why = "not written, because a Dockerfile of the same build context was not verified";
                one.report.fail(FileError::new(why));
            }
        }
        Ok(())
    }
}

const UNKNOWN: &str = "the build context is not known; name it with --context";

impl Done {
    /// Whether it is a Dockerfile that changed and cannot be built.
    fn is_unverifiable(&self) -> bool {
        self.content.is_some() && !self.is_ignore_file && self.pair.is_none()
    }
}
