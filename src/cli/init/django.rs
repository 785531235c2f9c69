//! What the files of a Django app say of it.

use super::{
    detect::version,
    template::{Value, Values},
    tree::{Tree, below},
};

/// Values for the templates; what is not known has none.
pub(super) fn look(tree: &impl Tree, folder: &str) -> Values {
    let mut values = Values::new();
    let text = |file: &str| tree.text(&below(folder, file)).unwrap_or_default();
    values.extend(version(&text(".python-version")).map(|python| ("python", Value::Text(python))));
    let requirements = text("requirements.txt");
    if tree.has(&below(folder, "requirements.txt")) {
        values.insert("requirements", Value::There);
    }
    if (requirements + &text("pyproject.toml")).contains("pytest-django") {
        values.insert("pytest", Value::There);
    }
    let settings = settings(tree, folder);
    let engine = if settings.contains("db.backends.mysql") {
        "mysql"
    } else if settings.contains("db.backends.sqlite3") && !settings.contains("db.backends.postgresql") {
        "sqlite"
    } else {
        "postgres"
    };
    values.insert(engine, Value::There);
    let smoke = "curl -fsS -o /dev/null -H 'Host: www.example.com' http://127.0.0.1:8000/";
    values.insert("smoke", Value::Text(smoke.to_owned()));
    values
}

/// The settings, which lie beside `manage.py` in the project's own folder, as a file or as several.
fn settings(tree: &impl Tree, folder: &str) -> String {
    let mut text = String::new();
    for project in tree.folders(folder) {
        let project = below(folder, &project);
        text += &tree.text(&below(&project, "settings.py")).unwrap_or_default();
        let several = below(&project, "settings");
        for file in tree.files(&several) {
            text += &tree.text(&below(&several, &file)).unwrap_or_default();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::tree::Paper, *};

    #[test]
    fn the_database_the_version_and_the_tests_are_read_from_the_files() {
        let names = |files: &[(&str, &str)]| look(&Paper::of(files), "").into_keys().collect::<Vec<_>>();
        let sqlite = ("shop/settings.py", "'ENGINE': 'django.db.backends.sqlite3'");
        assert_eq!(
            names(&[sqlite, ("requirements.txt", "django\npytest-django\n"), (".python-version", "3.12\n")]),
            ["pytest", "python", "requirements", "smoke", "sqlite"]
        );
        let mysql = ("shop/settings/production.py", "'ENGINE': 'django.db.backends.mysql'");
        assert_eq!(names(&[mysql]), ["mysql", "smoke"]);
        let both = ("shop/settings/production.py", "'ENGINE': 'django.db.backends.postgresql'");
        assert_eq!(names(&[sqlite, both]), ["postgres", "smoke"]);
    }
}
