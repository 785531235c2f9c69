//! The releases that are deployed: each brings a migration of its own.

use std::{fs, path::Path};

/// How a deploy goes that nobody disturbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Good,
    /// The migration destroys users' rows and dies half-way.
    Throws,
    /// The migration takes its time between its statements.
    Slow,
    /// The migration is well, and the new version is not.
    FailsChecks,
}

impl Course {
    pub const ALL: [Self; 4] = [Self::Good, Self::Throws, Self::Slow, Self::FailsChecks];

    /// What is laid over the app.
    pub const fn variants(self) -> &'static [&'static str] {
        match self {
            Self::Good | Self::Throws | Self::Slow => &[],
            Self::FailsChecks => &["broken"],
        }
    }

    /// Puts the migration into an artifact.
    pub fn write_migration(self, artifact: &Path, number: u32) {
        let pause_us = if self == Self::Slow { 400_000 } else { 20_000 };
        let mut statements = statements(number);
        let throw = if self == Self::Throws {
            statements.insert(2, "DELETE FROM orders WHERE id % 2 = 0".to_owned());
            statements.pop();
            "throw new RuntimeException('the migration dies half-way');"
        } else {
            ""
        };
        let statements: String =
            statements.iter().map(|sql| format!("DB::statement('{sql}'); usleep({pause_us});\n")).collect();
        let php = format!(
            "<?php\nuse Illuminate\\Database\\Migrations\\Migration;\nuse Illuminate\\Support\\Facades\\DB;\n\
             return new class extends Migration {{\npublic $withinTransaction = false;\npublic function up(): void {{\n{statements}{throw}\n}} }};\n"
        );
        let file = artifact.join("database/migrations").join(format!("{}.php", name(number)));
        fs::write(file, php).expect("ours");
    }
}

/// The app's revision.
pub fn revision(number: u32) -> String {
    format!("{number:07}")
}

/// The number of a run, by the end of its name.
pub fn number_of(run: &str) -> Option<u32> {
    run.rsplit('-').next()?.parse().ok()
}

fn name(number: u32) -> String {
    format!("2026_08_01_{number:06}_soak")
}

/// What the migration does: definitions, reference data, and a stamp on each row that users have written.
fn statements(number: u32) -> Vec<String> {
    vec![
        format!("ALTER TABLE customers ALTER COLUMN weight SET DEFAULT {number}"),
        "DROP TABLE IF EXISTS marks".to_owned(),
        format!("UPDATE orders SET total = {number}"),
        format!("CREATE TABLE marks (c{number} int PRIMARY KEY) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        format!("INSERT INTO marks VALUES ({number})"),
        "UPDATE customers SET weight = weight + 1".to_owned(),
    ]
}

/// The same, and that it has run.
pub fn migrated(number: u32) -> String {
    let ran = format!(
        "SET @batch = (SELECT MAX(batch) + 1 FROM migrations); INSERT INTO migrations (migration, batch) VALUES ('{}', @batch)",
        name(number)
    );
    format!("{}; {ran}", statements(number).join("; "))
}
