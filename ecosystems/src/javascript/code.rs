//! JavaScript files that configure a manager or a tool: whether they stand alone.

/// The first line, from 1, on which a JavaScript or TypeScript text takes in another file by a relative path, or reads
/// files in a way that cannot be told; `None` where it needs only packages.
///
/// A look at the words is enough for what it is used for: a text that names `./x` nowhere, and no function that reads
/// files, cannot read sources by itself.
pub(crate) fn line_that_reads_files(text: &str) -> Option<usize> {
    const READERS: [&str; 12] = [
        "readFile",
        "readdir",
        "createReadStream",
        "existsSync",
        "statSync",
        "execSync",
        "spawn",
        "execFile",
        "child_process",
        "glob",
        "require.resolve",
        "import.meta",
    ];
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") || code.starts_with('*') || code.starts_with("/*") {
            continue;
        }
        let takes_in = ["require(", "import", "from"].iter().any(|word| {
            line.match_indices(word).any(|(at, _)| {
                let rest = line[at + word.len()..].trim_start_matches(['(', ' ', '\t']);
                ["'.", "\".", "`", "'/", "\"/"].iter().any(|start| rest.starts_with(start))
            })
        });
        if takes_in || READERS.iter().any(|reader| line.contains(reader)) {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_relative_imports() {
        assert_eq!(line_that_reads_files("const x = 1;\nrequire('./x')"), Some(2));
        assert_eq!(line_that_reads_files("import y from \"../y\""), Some(1));
        assert_eq!(line_that_reads_files("await import('./z.mjs')"), Some(1));
        assert_eq!(line_that_reads_files("const f = fs.readFileSync(p)"), Some(1));
        assert_eq!(line_that_reads_files("// see require('./x')\nimport a from 'a'"), None);
        assert_eq!(line_that_reads_files("const p = require('path').join(__dirname, '.cache')"), None);
    }
}
