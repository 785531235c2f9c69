//! What the files of a Laravel app say of it.

use serde_json::Value as Json;

use super::{
    detect::version,
    template::{Value, Values},
    tree::{Tree, below},
};

/// Values for the templates; what is not known has none.
pub(super) fn look(tree: &impl Tree, folder: &str) -> Values {
    let mut values = Values::new();
    let json = |file: &str| {
        let text = tree.text(&below(folder, file));
        text.and_then(|text| serde_json::from_str::<Json>(&text).ok()).unwrap_or_default()
    };
    let composer = json("composer.json");
    let requires = |name: &str| composer["require"].get(name).is_some();
    let requires_for_work =
        |names: &[&str]| names.iter().any(|name| composer["require-dev"].get(name).is_some() || requires(name));

    if let Some(name) = composer["name"].as_str().filter(|name| !name.starts_with("laravel/")) {
        values.insert("app", Value::Text(name.rsplit('/').next().unwrap_or(name).to_owned()));
    }
    let platform = &composer["config"]["platform"]["php"];
    let php = platform.as_str().or_else(|| composer["require"]["php"].as_str()).and_then(version);
    values.extend(php.map(|php| ("php", Value::Text(php))));
    let flags = [
        ("phpstan", requires_for_work(&["phpstan/phpstan", "larastan/larastan", "nunomaduro/larastan"])),
        ("pest", requires_for_work(&["pestphp/pest"])),
        ("tests", requires_for_work(&["pestphp/pest", "phpunit/phpunit"])),
        ("horizon", requires("laravel/horizon")),
        ("assets", json("package.json")["scripts"]["build"].is_string()),
    ];
    values.extend(flags.into_iter().filter(|(_, is_so)| *is_so).map(|(name, _)| (name, Value::There)));

    let env = tree.text(&below(folder, ".env.example")).unwrap_or_default();
    if setting(&env, "DB_CONNECTION") == Some("sqlite") {
        values.insert("sqlite", Value::There);
    }
    if setting(&env, "QUEUE_CONNECTION").is_some_and(|queue| queue != "sync") {
        values.insert("queue", Value::There);
    }
    // /up is left out: it answers in maintenance as well, and asks no database
    let route = [("routes/api.php", "/api"), ("routes/web.php", "")].into_iter().find_map(|(file, prefix)| {
        let routes = tree.text(&below(folder, file))?;
        let route = health_route(&routes)?;
        Some((format!("{prefix}/{}", route.trim_start_matches('/')), file))
    });
    if let Some((route, file)) = route {
        values.insert("health", Value::Text(route));
        values.insert("health_file", Value::Text(file.to_owned()));
    }
    values
}

/// A setting of a `.env` file.
fn setting<'a>(env: &'a str, name: &str) -> Option<&'a str> {
    let value = env.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']))
}

/// The path of a route that tells how the app is. Where groups have prefixes the whole path is not known from here.
fn health_route(routes: &str) -> Option<&str> {
    if routes.contains("prefix(") || routes.contains("'prefix'") {
        return None;
    }
    let code = routes.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with('*'));
    code.filter_map(|line| line.split_once("Route::get(")).find_map(|(_, rest)| {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let path = rest[1..].split(quote).next()?;
        let is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
        (is_plain && path.contains("health")).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tree::Paper, *};

    #[test]
    fn packages_tell_the_version_the_tools_and_the_workers() {
        let composer = r#"{"name": "acme/shop", "require": {"php": "^8.2", "laravel/horizon": "^5.0"},
            "require-dev": {"larastan/larastan": "^2.0", "pestphp/pest": "^2.0"}}"#;
        let tree = Paper::of(&[
            ("api/composer.json", composer),
            ("api/package.json", r#"{"scripts": {"build": "vite build"}}"#),
        ]);
        let values = look(&tree, "api");
        assert_eq!(values.get("php"), Some(&Value::Text("8.2".to_owned())));
        assert_eq!(values.get("app"), Some(&Value::Text("shop".to_owned())));
        for name in ["phpstan", "pest", "tests", "horizon", "assets"] {
            assert_eq!(values.get(name), Some(&Value::There), "{name}");
        }
        let bare =
            Paper::of(&[("composer.json", r#"{"require": {"php": "*"}, "config": {"platform": {"php": "8.1.2"}}}"#)]);
        let values = look(&bare, "");
        assert_eq!(values.into_iter().collect::<Vec<_>>(), [("php", Value::Text("8.1".to_owned()))]);
    }

    #[test]
    fn files_that_are_broken_say_nothing() {
        let tree = Paper::of(&[("composer.json", "{"), ("package.json", "[]"), (".env.example", "=\nDB_CONNECTION")]);
        assert!(look(&tree, "").is_empty());
    }

    #[test]
    fn the_example_settings_tell_the_database_and_the_queue() {
        let tree =
            Paper::of(&[(".env.example", "# DB_CONNECTION=mysql\nDB_CONNECTION=\"sqlite\"\nQUEUE_CONNECTION=redis\n")]);
        assert_eq!(look(&tree, "").into_keys().collect::<Vec<_>>(), ["queue", "sqlite"]);
        let tree = Paper::of(&[(".env.example", "DB_CONNECTION=mysql\nQUEUE_CONNECTION=sync\n")]);
        assert!(look(&tree, "").is_empty());
    }

    #[test]
    fn a_health_route_is_taken_where_its_whole_path_is_known() {
        let health = |file: &'static str, text: &str| look(&Paper::of(&[(file, text)]), "").remove("health");
        let path = |path: &str| Some(Value::Text(path.to_owned()));
        assert_eq!(health("routes/api.php", "<?php\nRoute::get('/health', Health::class);"), path("/api/health"));
        assert_eq!(health("routes/web.php", "Route::get(\"healthz\", fn () => 1);"), path("/healthz"));
        assert_eq!(health("routes/web.php", "// Route::get('/health', 1);\nRoute::get('/health/{id}', 1);"), None);
        assert_eq!(health("routes/api.php", "Route::prefix('v1')->group(fn () => Route::get('/health', 1));"), None);
    }
}
