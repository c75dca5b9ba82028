//! The wildcards of `${x#p}`, `${x%p}` and `${x/p/r}`: `*` and `?`, and `\` before them (moby
//! `convertShellPatternToRegex`; bracket expressions are not wildcards there).

use super::ExpandError;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`: any character but a line feed, which Go's `.` does not match.
    One,
    /// `*`
    Many,
}

fn tokens(pattern: &[u8]) -> Result<Vec<Token>, ExpandError> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += 1;
        tokens.push(match byte {
            b'*' => Token::Many,
            b'?' => Token::One,
            b'\\' => match pattern.get(at) {
                // The escape of `}` and `/` belongs to the substitution, not to the pattern.
                Some(b'}' | b'/') => continue,
                Some(&escaped @ (b'*' | b'?' | b'\\')) => {
                    at += 1;
                    Token::Byte(escaped)
                }
                _ => return Err(ExpandError::BadPattern),
            },
            byte => Token::Byte(byte),
        });
    }
    Ok(tokens)
}

/// The lengths of all matches at the start of `text`, ascending.
fn matches(tokens: &[Token], text: &[u8]) -> Vec<usize> {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &token in tokens {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            if token == Token::Many {
                next[at] = reached[at] || (at > 0 && next[at - 1] && text[at - 1] != b'\n');
            } else if reached[at] && at < text.len() {
                match token {
                    Token::Byte(byte) if byte == text[at] => next[at + 1] = true,
                    Token::One if text[at] != b'\n' => next[at + char_len(&text[at..])] = true,
                    _ => {}
                }
            }
        }
        reached = next;
    }
    (0..=text.len()).filter(|&at| reached[at]).collect()
}

fn char_len(text: &[u8]) -> usize {
    crate::decode::first_char(text).map_or(1, |(_, len)| len)
}

/// `value` without the shortest (or, if `greedy`, longest) match of `pattern` at its start or end.
pub(super) fn trim(
    pattern: &[u8],
    value: &[u8],
    from_start: bool,
    greedy: bool,
) -> Result<Vec<u8>, ExpandError> {
    let tokens = tokens(pattern)?;
    if from_start {
        let lengths = matches(&tokens, value);
        let len = if greedy { lengths.last() } else { lengths.first() };
        return Ok(value[len.copied().unwrap_or(0)..].to_vec());
    }
    let is_suffix = |start: &usize| matches(&tokens, &value[*start..]).last() == Some(&(value.len() - start));
    let mut starts = 0..=value.len();
    let start = if greedy { starts.find(is_suffix) } else { starts.rfind(is_suffix) };
    Ok(value[..start.unwrap_or(value.len())].to_vec())
}

/// `value` with the leftmost longest match, or all matches, of `pattern` replaced.
pub(super) fn replace(
    pattern: &[u8],
    value: &[u8],
    replacement: &[u8],
    all: bool,
) -> Result<Vec<u8>, ExpandError> {
    let tokens = tokens(pattern)?;
    let mut out = Vec::new();
    let mut at = 0;
    let mut last_end = None;
    while at <= value.len() {
        let len = matches(&tokens, &value[at..]).last().copied();
        match len {
            // Go skips an empty match that touches the match before it.
            Some(len) if len > 0 || last_end != Some(at) => {
                out.extend_from_slice(replacement);
                at += len;
                last_end = Some(at);
                if !all {
                    break;
                }
                if len > 0 {
                    continue;
                }
            }
            _ => {}
        }
        let step = value.get(at..).map_or(0, char_len).min(value.len() - at);
        out.extend_from_slice(&value[at..at + step]);
        at += step.max(1);
    }
    out.extend_from_slice(value.get(at..).unwrap_or_default());
    Ok(out)
}
