//! The projects that a solution lists.

/// A project of a solution: its path as written, and the 1-based line.
pub(super) type Entry = (String, usize);

/// The entries of a solution, by the extension of its name; `None` where it cannot be read.
pub(super) fn projects(name: &str, text: &str) -> Option<Vec<Entry>> {
    let text = text.trim_start_matches('\u{feff}');
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("slnx") => xml(text),
        Some("slnf") => filter(text).map(|(_, projects)| projects),
        _ => Some(classic(text)),
    }
}

/// The solution that a solution filter takes its projects from, relative to the filter. Its projects are relative to
/// that solution (Microsoft Learn, "Filtered solutions in MSBuild").
pub(super) fn filter(text: &str) -> Option<(String, Vec<Entry>)> {
    let text = text.trim_start_matches('\u{feff}');
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let solution = json.get("solution")?;
    let path = solution.get("path")?.as_str()?.to_owned();
    let projects = solution.get("projects")?.as_array()?;
    let projects = projects.iter().map(|project| Some((project.as_str()?.to_owned(), 1)));
    Some((path, projects.collect::<Option<_>>()?))
}

/// `Project("{...}") = "name", "path", "{...}"`; folders and web sites have no project file.
fn classic(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !line.trim_start().starts_with("Project(") {
            continue;
        }
        // In quotes: the kind, the name, the path, the identity.
        if let Some(path) = line.split('"').nth(5).filter(|path| is_project(path)) {
            entries.push((path.to_owned(), index + 1));
        }
    }
    entries
}

fn xml(text: &str) -> Option<Vec<Entry>> {
    let document = roxmltree::Document::parse(text).ok()?;
    let projects = document.descendants().filter(|node| node.has_tag_name("Project"));
    let entries = projects.filter_map(|node| {
        let path = node.attribute("Path")?;
        is_project(path).then(|| (path.to_owned(), crate::xml::line(&document, node)))
    });
    Some(entries.collect())
}

/// Whether a file of this name is a project.
pub(super) fn is_project(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.ends_with("proj"))
}

/// Whether a file of this name is a solution.
pub(super) fn is_solution(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "sln" | "slnx" | "slnf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_projects_of_every_kind_of_solution() {
        let classic = "\u{feff}\r\nMicrosoft Visual Studio Solution File\r\n\
            Project(\"{2150E333}\") = \"src\", \"src\", \"{1}\"\r\nEndProject\r\n\
            Project(\"{9A19103F}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{2}\"\r\nEndProject\r\n";
        assert_eq!(projects("App.sln", classic), Some(vec![("src\\Web\\Web.csproj".to_owned(), 5)]));
        let xml = "<Solution>\n<Folder Name=\"/x/\"><Project Path=\"a/A.csproj\" /></Folder></Solution>";
        assert_eq!(projects("App.slnx", xml), Some(vec![("a/A.csproj".to_owned(), 2)]));
        let filter = r#"{"solution": {"path": "..\\App.sln", "projects": ["a\\A.csproj"]}}"#;
        assert_eq!(projects("App.slnf", filter), Some(vec![("a\\A.csproj".to_owned(), 1)]));
    }

    #[test]
    fn nonsense_is_no_solution() {
        assert_eq!(projects("App.slnx", "<Solution"), None);
        assert_eq!(projects("App.slnf", "{}"), None);
        assert_eq!(projects("App.sln", "Project(\""), Some(Vec::new()));
    }
}
