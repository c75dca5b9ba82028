//! File names as git writes them in a patch (git's quote.c, with `core.quotePath` at its default).

/// A path with the prefix that tells the sides apart.
pub(super) struct Name<'a> {
    pub(super) prefix: &'static str,
    pub(super) path: &'a [u8],
}

impl Name<'_> {
    /// Writes the name, in quotes where a plain one could be misread.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if !self.path.iter().copied().any(needs_quotes) {
            out.extend_from_slice(self.prefix.as_bytes());
            out.extend_from_slice(self.path);
            return;
        }
        out.push(b'"');
        out.extend_from_slice(self.prefix.as_bytes());
        for &byte in self.path {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\t' => out.extend_from_slice(b"\\t"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                _ if needs_quotes(byte) => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
                _ => out.push(byte),
            }
        }
        out.push(b'"');
    }

    /// Writes the name at the end of a `---` or `+++` line. After a name with a space a tab says where it ends.
    pub(super) fn write_line(&self, out: &mut Vec<u8>) {
        self.write(out);
        if self.path.contains(&b' ') {
            out.push(b'\t');
        }
        out.push(b'\n');
    }
}

fn needs_quotes(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0x7f..) || byte < 0x20
}
