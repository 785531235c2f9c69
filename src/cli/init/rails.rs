//! What the files of a Rails app say of it.

use super::{
    detect::version,
    template::{Value, Values},
    tree::{Tree, below},
};

/// Values for the templates; what is not known has none.
pub(super) fn look(tree: &impl Tree, folder: &str) -> Values {
    let mut values = Values::new();
    let text = |file: &str| tree.text(&below(folder, file)).unwrap_or_default();
    let gems = text("Gemfile");
    let has_gem = |name: &str| {
        let is_named = |line: &str| {
            line.trim()
                .strip_prefix("gem ")
                .is_some_and(|rest| rest.get(1..).is_some_and(|rest| rest.starts_with(name)))
        };
        gems.lines().any(is_named)
    };
    let of_gemfile = gems.lines().find_map(|line| line.trim().strip_prefix("ruby ").and_then(version));
    values.extend(version(&text(".ruby-version")).or(of_gemfile).map(|ruby| ("ruby", Value::Text(ruby))));
    if has_gem("rspec-rails") {
        values.insert("rspec", Value::There);
    }
    if tree.has(&below(folder, "app/assets/config/manifest.js")) || has_gem("propshaft") || has_gem("sprockets") {
        values.insert("assets", Value::There);
    }
    let database = text("config/database.yml");
    let engine = if database.contains("adapter: mysql2") || database.contains("adapter: trilogy") {
        "mysql"
    } else if database.contains("adapter: sqlite3") {
        "sqlite"
    } else {
        "postgres"
    };
    values.insert(engine, Value::There);
    let page = if text("config/routes.rb").contains("rails/health#show") { "up" } else { "" };
    let smoke = format!("curl -fsS -o /dev/null http://127.0.0.1:3000/{page}");
    values.insert("smoke", Value::Text(smoke));
    values
}

#[cfg(test)]
mod tests {
    use super::{super::tree::Paper, *};

    #[test]
    fn the_database_the_version_and_the_tests_are_read_from_the_files() {
        let tree = Paper::of(&[
            (
                "Gemfile",
                "source 'https://rubygems.org'\nruby \"3.3.1\"\ngem 'rails'\n  gem \"rspec-rails\"\ngem 'propshaft'\n",
            ),
            ("config/database.yml", "default: &default\n  adapter: mysql2\n"),
            ("config/routes.rb", "get \"up\" => \"rails/health#show\", as: :rails_health_check\n"),
        ]);
        let values = look(&tree, "");
        assert_eq!(values.keys().copied().collect::<Vec<_>>(), ["assets", "mysql", "rspec", "ruby", "smoke"]);
        assert_eq!(values.get("ruby"), Some(&Value::Text("3.3".to_owned())));
        assert_eq!(
            values.get("smoke"),
            Some(&Value::Text("curl -fsS -o /dev/null http://127.0.0.1:3000/up".to_owned()))
        );
        let values =
            look(&Paper::of(&[(".ruby-version", "ruby-3.2.2\n"), ("config/database.yml", "adapter: sqlite3")]), "");
        assert_eq!(values.keys().copied().collect::<Vec<_>>(), ["ruby", "smoke", "sqlite"]);
        assert_eq!(look(&Paper::of(&[]), "").keys().copied().collect::<Vec<_>>(), ["postgres", "smoke"]);
    }
}
