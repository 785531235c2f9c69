//! Where in a repository the app is, what it is made with, and what its files say of it. Reads a [`Tree`] and nothing else.

use clap::ValueEnum;
use thiserror::Error;

use super::{
    django, laravel, rails,
    template::{Value, Values},
    tree::{Tree, below},
};

/// How many folders below the named one an app is looked for.
const DEEPEST: usize = 3;
/// Folders in which other people's apps lie.
const NOT_OURS: [&str; 10] =
    ["vendor", "node_modules", "target", "storage", "tmp", "var", "venv", "fixtures", "tests", "spec"];

/// What an app is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Framework {
    /// It has `artisan`.
    Laravel,
    /// It has `bin/rails`.
    Rails,
    /// It has `manage.py`.
    Django,
    /// Anything else.
    Custom,
}

impl Framework {
    /// Those that can be told by a file.
    const KNOWN: [Self; 3] = [Self::Laravel, Self::Rails, Self::Django];

    /// Its name in templates and in results.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Laravel => "laravel",
            Self::Rails => "rails",
            Self::Django => "django",
            Self::Custom => "custom",
        }
    }

    /// As people write it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Laravel => "a Laravel app",
            Self::Rails => "a Rails app",
            Self::Django => "a Django app",
            Self::Custom => "an app",
        }
    }

    /// The file that it is told by; none: by no file.
    const fn marker(self) -> Option<&'static str> {
        match self {
            Self::Laravel => Some("artisan"),
            Self::Rails => Some("bin/rails"),
            Self::Django => Some("manage.py"),
            Self::Custom => None,
        }
    }
}

/// An app in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct App {
    /// Its folder, from the repository's root; `""` is the root.
    pub(super) folder: String,
    /// What it is made with.
    pub(super) framework: Framework,
}

/// Why it is not known which app is meant.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum NotFound {
    /// None.
    #[error("no artisan, bin/rails or manage.py")]
    Nothing,
    /// Several; their folders.
    #[error("several apps: {}", .0.join(", "))]
    Several(Vec<String>),
}

/// The app in the folder `from`, or else below it.
pub(super) fn find(tree: &impl Tree, from: &str, wanted: Option<Framework>) -> Result<App, NotFound> {
    if wanted == Some(Framework::Custom) {
        return Ok(App { folder: from.to_owned(), framework: Framework::Custom });
    }
    let mut found = Vec::new();
    let mut folders = vec![from.to_owned()];
    for _ in 0..=DEEPEST {
        let mut deeper = Vec::new();
        for folder in folders {
            let is_here = |framework: &Framework| {
                framework.marker().is_some_and(|marker| tree.has(&below(&folder, marker)))
                    && wanted.is_none_or(|wanted| wanted == *framework)
            };
            if let Some(framework) = Framework::KNOWN.into_iter().find(is_here) {
                found.push(App { folder, framework });
            } else {
                let ours = tree.folders(&folder).into_iter();
                let ours = ours.filter(|name| !name.starts_with('.') && !NOT_OURS.contains(&name.as_str()));
                deeper.extend(ours.map(|name| below(&folder, &name)));
            }
        }
        folders = deeper;
    }
    match found.len() {
        0 => Err(NotFound::Nothing),
        1 => Ok(found.remove(0)),
        _ => Err(NotFound::Several(found.into_iter().map(|app| app.folder).collect())),
    }
}

/// What the templates can say of an app. `repository` is the name of the repository's folder.
pub(super) fn look(tree: &impl Tree, app: &App, repository: &str) -> Values {
    let folder_name = app.folder.rsplit('/').next().filter(|name| !name.is_empty());
    let mut values = match app.framework {
        Framework::Laravel => laravel::look(tree, &app.folder),
        Framework::Rails => rails::look(tree, &app.folder),
        Framework::Django => django::look(tree, &app.folder),
        Framework::Custom => Values::new(),
    };
    values.insert(app.framework.name(), Value::There);
    if !app.folder.is_empty() {
        values.insert("folder", Value::Text(app.folder.clone()));
    }
    let said = match values.get("app") {
        Some(Value::Text(name)) => word(name),
        Some(Value::List(_) | Value::There) | None => None,
    };
    // `backend` alone says too little
    let of_folder = folder_name.map_or_else(|| repository.to_owned(), |name| format!("{repository}-{name}"));
    let name = said.or_else(|| word(&of_folder)).unwrap_or_else(|| "app".to_owned());
    let path = format!("/var/www/{name}");
    let file = format!("{path}/shared/maintenance");
    let mut put = |key: &'static str, text: String| values.insert(key, Value::Text(text));
    put("maintenance_on", format!("touch {file}"));
    put("maintenance_off", format!("rm -f {file}"));
    put("maintenance_check", format!("test -e {file}"));
    put("maintenance_file", file);
    put("database", format!("{}_production", name.replace(['-', '.'], "_")));
    put("sqlite_database", "shared/storage/production.sqlite3".to_owned());
    put("sqlite_file", format!("{path}/shared/storage/database.sqlite"));
    put("path", path);
    put("app_plain", name.clone());
    put("app", name);
    values
}

/// A name that can be part of paths and commands as it is: small letters, digits and `-`.
fn word(text: &str) -> Option<String> {
    let word: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let word = word.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let word: String = word.chars().take(40).collect();
    (!word.is_empty()).then_some(word.trim_end_matches('-').to_owned())
}

/// The first `3.12` or `3` in a text, after any words and signs; a third number is left out.
pub(super) fn version(text: &str) -> Option<String> {
    let number = text.find(|c: char| c.is_ascii_digit()).map(|at| &text[at..])?;
    let number = number.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let parts: Vec<&str> = number.split('.').filter(|part| !part.is_empty()).take(2).collect();
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::{super::tree::Paper, *};

    fn app(folder: &str, framework: Framework) -> Result<App, NotFound> {
        Ok(App { folder: folder.to_owned(), framework })
    }

    #[test]
    fn an_app_is_found_at_the_root_and_in_a_folder_of_a_monorepo() {
        assert_eq!(find(&Paper::of(&[("artisan", "")]), "", None), app("", Framework::Laravel));
        assert_eq!(find(&Paper::of(&[("apps/api/bin/rails", "")]), "", None), app("apps/api", Framework::Rails));
        let both = Paper::of(&[("backend/manage.py", ""), ("frontend/package.json", "{}")]);
        assert_eq!(find(&both, "", None), app("backend", Framework::Django));
        assert_eq!(find(&both, "backend", None), app("backend", Framework::Django));
        assert_eq!(find(&both, "frontend", None), Err(NotFound::Nothing));
        assert_eq!(find(&both, "frontend", Some(Framework::Custom)), app("frontend", Framework::Custom));
    }

    #[test]
    fn what_others_wrote_is_not_taken_for_the_app() {
        let tree = Paper::of(&[
            ("vendor/some/package/artisan", ""),
            ("node_modules/x/manage.py", ""),
            ("tests/fixtures/shop/artisan", ""),
            (".cache/x/artisan", ""),
            ("a/b/c/d/artisan", ""),
        ]);
        assert_eq!(find(&tree, "", None), Err(NotFound::Nothing));
    }

    #[test]
    fn of_several_apps_one_has_to_be_named() {
        let tree = Paper::of(&[("api/artisan", ""), ("shop/artisan", ""), ("tool/manage.py", "")]);
        let all = ["api", "shop", "tool"].map(str::to_owned).to_vec();
        assert_eq!(find(&tree, "", None), Err(NotFound::Several(all)));
        assert_eq!(find(&tree, "shop", None), app("shop", Framework::Laravel));
        assert_eq!(find(&tree, "", Some(Framework::Django)), app("tool", Framework::Django));
    }

    #[test]
    fn an_app_is_named_by_its_package_else_by_its_folders() {
        let named = |tree: &Paper, folder: &str, framework| match look(
            tree,
            &App { folder: folder.to_owned(), framework },
            "My Shop",
        )
        .remove("app")
        {
            Some(Value::Text(name)) => name,
            other => panic!("{other:?}"),
        };
        let tree = Paper::of(&[("composer.json", r#"{"name": "acme/Shop_API"}"#)]);
        assert_eq!(named(&tree, "", Framework::Laravel), "shop-api");
        // what the skeleton is called says nothing
        let tree = Paper::of(&[("composer.json", r#"{"name": "laravel/laravel"}"#)]);
        assert_eq!(named(&tree, "", Framework::Laravel), "my-shop");
        assert_eq!(named(&Paper::of(&[]), "apps/backend", Framework::Custom), "my-shop-backend");
        assert_eq!(word("$(rm -rf /)").as_deref(), Some("rm-rf"));
        assert_eq!(word("§"), None);
    }

    #[test]
    fn a_version_is_the_first_number_with_its_second_part() {
        for (text, known) in
            [("^8.2", "8.2"), (">=7.3|^8.0", "7.3"), ("8.2.15", "8.2"), ("python-3.12.1", "3.12"), ("8", "8")]
        {
            assert_eq!(version(text).as_deref(), Some(known), "{text}");
        }
        assert_eq!(version("*"), None);
    }
}
