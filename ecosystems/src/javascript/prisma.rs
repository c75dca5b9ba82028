//! What `prisma generate` reads: the schema, by Prisma's documentation, "Prisma schema, location", and prisma.config.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::closure::Closure;
use super::code;
use super::manifest::{Manifest, line_of};
use crate::Refusal;

/// Generators that write nothing but what their `output` names, and read nothing but the schema.
const GENERATORS: [&str; 5] =
    ["prisma-client-js", "prisma-client", "prisma-json-types-generator", "prisma-kysely", "kysely"];

/// Adds what `prisma generate` reads when it is run in `directory`; `schema` is the value of `--schema`. Tells whether
/// there is a schema.
///
/// # Errors
///
/// When the schema's place cannot be told, or a generator may read other files.
pub(crate) fn add(
    project: &Project<'_>,
    directory: &ImagePath,
    schema: Option<&str>,
    manifest: Option<&Manifest>,
    closure: &mut Closure,
) -> Result<bool, Refusal> {
    let mut places: Vec<ImagePath> = Vec::new();
    if let Some(schema) = schema {
        places.push(directory.join(schema));
    }
    let field =
        manifest.and_then(|manifest| Some((manifest, manifest.object("prisma")?.get("schema")?.as_str()?)));
    if let Some((manifest, path)) = field {
        let place = directory.join(path);
        if !matches!(project.find_at(&place), Found::File(_) | Found::Directory) {
            let at = manifest.at(&["prisma", "schema"]);
            return Err(Refusal::new(format!(
                "{at} names {path} as prisma's schema, which is not in the build context"
            )));
        }
        places.push(place);
    }
    places.extend(configured(project, directory, closure)?);
    for default in ["schema.prisma", "prisma/schema.prisma", "prisma/schema"] {
        places.push(directory.join(default));
    }
    let mut found = false;
    for place in places {
        match project.find_at(&place) {
            Found::File(_) => {
                found = true;
                closure.add_file(project, &place);
                check_generators(project, &place, closure)?;
                if let Some(parent) = place.parent() {
                    closure.add_file(project, &parent.join(".env"));
                }
            }
            Found::Directory => {
                let mut files = Vec::new();
                schema_files(project, &place, 0, &mut files);
                if !files.is_empty() {
                    found = true;
                    closure.directories.insert(place.clone());
                    for file in files {
                        check_generators(project, &file, closure)?;
                    }
                }
            }
            Found::Missing | Found::Elsewhere => {}
        }
    }
    if found {
        for name in [".env", "prisma/.env"] {
            closure.add_file(project, &directory.join(name));
        }
    }
    Ok(found)
}

/// The schema that prisma.config.ts names.
fn configured(
    project: &Project<'_>,
    directory: &ImagePath,
    closure: &mut Closure,
) -> Result<Vec<ImagePath>, Refusal> {
    let mut places = Vec::new();
    for stem in ["prisma.config", ".config/prisma"] {
        for extension in ["ts", "js", "mjs", "cjs", "mts", "cts"] {
            let path = directory.join(&format!("{stem}.{extension}"));
            if !closure.add_file(project, &path) {
                continue;
            }
            let shown = project.shown(path.as_str());
            let text = project.read_text(path.as_str()).unwrap_or_default();
            if let Some(line) = code::line_that_reads_files(&text) {
                return Err(Refusal::new(format!("{shown}:{line} may read any source file")));
            }
            for (at, _) in text.match_indices("schema:") {
                let schema = literal_path(&text[at + "schema:".len()..]).ok_or_else(|| {
                    let line = line_of(&text, at);
                    Refusal::new(format!(
                        "{shown}:{line} names prisma's schema in a way that dockfix does not read"
                    ))
                })?;
                places.push(directory.join(&schema));
            }
        }
    }
    Ok(places)
}

/// `"prisma/schema.prisma"` or `path.join("prisma", "schema.prisma")` at the start of a text.
fn literal_path(text: &str) -> Option<String> {
    let text = text.trim_start();
    if let Some(quote) = text.chars().next().filter(|ch| matches!(ch, '"' | '\'' | '`')) {
        let path = text[1..].split(quote).next()?;
        return (!path.contains('$')).then(|| path.to_owned());
    }
    let arguments = text.strip_prefix("path.join(").or_else(|| text.strip_prefix("join("))?;
    let arguments = arguments.split(')').next()?;
    let parts: Option<Vec<String>> = arguments
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "__dirname" && *part != "import.meta.dirname")
        .map(literal_path)
        .collect();
    Some(parts?.join("/"))
}

fn schema_files(project: &Project<'_>, directory: &ImagePath, depth: usize, out: &mut Vec<ImagePath>) {
    if depth > 8 {
        return;
    }
    for (name, is_directory) in project.list(directory.as_str()) {
        let path = directory.join(&name);
        if is_directory && name != "migrations" && name != "node_modules" {
            schema_files(project, &path, depth + 1, out);
        } else if name.ends_with(".prisma") {
            out.push(path);
        }
    }
}

fn check_generators(project: &Project<'_>, schema: &ImagePath, closure: &mut Closure) -> Result<(), Refusal> {
    let text = project.read_text(schema.as_str()).unwrap_or_default();
    let shown = project.shown(schema.as_str());
    let mut in_generator = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("//") {
            continue;
        }
        if line.starts_with("generator ") {
            in_generator = true;
        } else if line.starts_with('}') {
            in_generator = false;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| in_generator) else { continue };
        let place = format!("{shown}:{}", index + 1);
        let literal = literal_path(value);
        match key.trim() {
            "provider" if !literal.as_deref().is_some_and(|name| GENERATORS.contains(&name)) => {
                return Err(Refusal::new(format!(
                    "{place} runs the generator {} on install, which may read any source file",
                    value.trim()
                )));
            }
            "output" => {
                let Some(output) = literal else {
                    return Err(Refusal::new(format!("{place} does not say where the client is written")));
                };
                let parent = schema.parent().unwrap_or_else(ImagePath::root);
                let output = parent.join(&output);
                if !output.as_str().split('/').any(|segment| segment == "node_modules") {
                    closure.outputs.insert(output);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_literal_paths() {
        assert_eq!(literal_path(" \"prisma/x.prisma\","), Some("prisma/x.prisma".into()));
        assert_eq!(literal_path("path.join(__dirname, 'prisma', \"x\")"), Some("prisma/x".into()));
        assert_eq!(literal_path("join('a', dir)"), None);
        assert_eq!(literal_path("env(\"X\")"), None);
        assert_eq!(literal_path("`${x}/y`"), None);
    }
}
