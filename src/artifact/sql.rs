//! SQL as text: which statements and commands in it would lead elsewhere than into the database that it is loaded into. It reads byte by
//! byte, however long the file is, and knows strings, comments and rows of data from statements. It judges what stands there, not what
//! a function of the file would do.

use std::collections::BTreeSet;

/// Whose SQL it is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    Mysql,
    /// PostgreSQL, as psql reads it.
    Postgres,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What would lead elsewhere, each with its line; the first ones.
    pub faults: Vec<String>,
    /// Names that stand before a dot.
    pub qualifiers: BTreeSet<String>,
}

/// So many are told.
const FAULTS_MAX: usize = 5;
/// The words that a statement is known by.
const WORDS_MAX: usize = 64;
/// What is longer is no word that counts.
const WORD_MAX_BYTES: usize = 256;

/// What the next byte belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum In {
    Code,
    /// Up to the end of the line; with what it says, where that counts.
    Line(Option<Vec<u8>>),
    Comment {
        depth: u32,
    },
    /// Up to that quote. `escapes`: a backslash takes the next byte along.
    Quote {
        quote: u8,
        escapes: bool,
        text: Option<Vec<u8>>,
    },
    /// `$tag$ … $tag$`: the tag with its dollars, and how much of it was seen again.
    Dollar {
        tag: Vec<u8>,
        tail: Vec<u8>,
    },
    /// A tag that begins.
    Tag(Vec<u8>),
    /// The rest of a line `DELIMITER …`.
    Delimiter(Vec<u8>),
    /// Rows after `COPY … FROM stdin;`, up to a line `\.`.
    Rows(Vec<u8>),
}

/// Reads SQL.
#[derive(Debug)]
pub struct Scanner {
    dialect: Dialect,
    state: In,
    /// The byte before, where two belong together.
    before: u8,
    /// Whether a backslash has taken the next one along.
    taken: bool,
    word: Vec<u8>,
    /// An identifier in quotes that was just read: it may stand before a dot.
    name: Option<Vec<u8>>,
    words: Vec<String>,
    line: u64,
    begun_line: u64,
    /// `/*!` … `*/`: the server carries out what is in it.
    executable: bool,
    /// So many dashes stand right before.
    dashes: u32,
    /// What ends a statement, and the last bytes of code: mysql's dumps of triggers and routines change it.
    delimiter: Vec<u8>,
    tail: Vec<u8>,
    found: Found,
}

impl Scanner {
    /// At the beginning of a file.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: In::Code,
            before: 0,
            taken: false,
            word: Vec::new(),
            name: None,
            words: Vec::new(),
            line: 1,
            begun_line: 1,
            executable: false,
            dashes: 0,
            delimiter: b";".to_vec(),
            tail: Vec::new(),
            found: Found::default(),
        }
    }

    /// Takes the next part in.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
            if *byte == b'\n' {
                self.line += 1;
            }
        }
    }

    /// At the end of the file.
    pub fn finish(mut self) -> Found {
        self.byte(b'\n');
        if !self.words.is_empty() {
            self.end_statement();
        }
        self.found
    }

    fn fault(&mut self, line: u64, what: &str) {
        if self.found.faults.len() < FAULTS_MAX {
            self.found.faults.push(format!("line {line}: {what}"));
        }
    }

    fn byte(&mut self, byte: u8) {
        let state = std::mem::replace(&mut self.state, In::Code);
        self.state = match state {
            In::Code => self.code(byte),
            In::Line(text) => self.line_text(text, byte),
            In::Comment { depth } => self.comment(depth, byte),
            In::Quote { quote, escapes, text } => self.quoted(quote, escapes, text, byte),
            In::Tag(tag) => self.tag(tag, byte),
            In::Dollar { tag, mut tail } => {
                tail.push(byte);
                if tail.len() > tag.len() {
                    tail.remove(0);
                }
                if tail == tag { In::Code } else { In::Dollar { tag, tail } }
            }
            In::Delimiter(mut text) => {
                if byte == b'\n' {
                    let new = text.trim_ascii();
                    self.delimiter = if new.is_empty() { b";".to_vec() } else { new.to_vec() };
                    In::Code
                } else {
                    if text.len() < WORD_MAX_BYTES {
                        text.push(byte);
                    }
                    In::Delimiter(text)
                }
            }
            In::Rows(mut line) => {
                if byte == b'\n' {
                    let is_end = line.strip_suffix(b"\r").unwrap_or(&line) == br"\.";
                    line.clear();
                    if is_end { In::Code } else { In::Rows(line) }
                } else {
                    // only the end is looked for
                    if line.len() < 4 {
                        line.push(byte);
                    }
                    In::Rows(line)
                }
            }
        };
    }

    fn code(&mut self, byte: u8) -> In {
        let before = std::mem::replace(&mut self.before, byte);
        let dashes = self.dashes;
        self.dashes = if byte == b'-' { dashes + 1 } else { 0 };
        let mysql = self.dialect == Dialect::Mysql;
        if byte.is_ascii_alphanumeric()
            || byte == b'_'
            || byte >= 0x80
            || (byte == b'$' && (mysql || !self.word.is_empty()))
        {
            if self.word.len() < WORD_MAX_BYTES {
                self.word.push(byte);
            }
            self.tail.clear();
            return In::Code;
        }
        let word = std::mem::take(&mut self.word);
        if mysql && self.words.is_empty() && word.eq_ignore_ascii_case(b"delimiter") && byte.is_ascii_whitespace() {
            return In::Delimiter(Vec::new());
        }
        self.take_word(&word, byte);
        match byte {
            b'\'' => {
                let escapes = mysql || word.eq_ignore_ascii_case(b"e");
                In::Quote { quote: b'\'', escapes, text: None }
            }
            b'"' => In::Quote { quote: b'"', escapes: mysql, text: Some(Vec::new()) },
            b'`' if mysql => In::Quote { quote: b'`', escapes: false, text: Some(Vec::new()) },
            b'#' if mysql => In::Line(None),
            b'-' if dashes > 0 && !mysql => In::Line(None),
            // MySQL wants a blank after the two
            b' ' | b'\t' | b'\r' if mysql && dashes > 1 => In::Line(None),
            b'*' if before == b'/' => In::Comment { depth: 1 },
            b'/' if before == b'*' && self.executable => {
                self.executable = false;
                In::Code
            }
            b'$' if !mysql => In::Tag(vec![b'$']),
            b'\\' => In::Line(Some(vec![b'\\'])),
            byte => {
                self.tail.push(byte);
                if !self.tail.ends_with(&self.delimiter) {
                    return In::Code;
                }
                self.tail.clear();
                if self.end_statement() { In::Line(Some(Vec::new())) } else { In::Code }
            }
        }
    }

    /// A word has ended with `next`.
    fn take_word(&mut self, word: &[u8], next: u8) {
        let name = if word.is_empty() { self.name.take() } else { Some(word.to_vec()) };
        if next == b'.'
            && let Some(name) = &name
            && !name.iter().all(u8::is_ascii_digit)
        {
            self.found.qualifiers.insert(String::from_utf8_lossy(name).into_owned());
        }
        // a blank may stand before the dot
        self.name = name.filter(|_| next.is_ascii_whitespace());
        if word.is_empty() {
            return;
        }
        if self.words.is_empty() {
            self.begun_line = self.line;
        }
        if self.words.len() < WORDS_MAX {
            self.words.push(String::from_utf8_lossy(word).to_ascii_uppercase());
        }
    }

    fn comment(&mut self, depth: u32, byte: u8) -> In {
        let before = std::mem::replace(&mut self.before, byte);
        match (before, byte) {
            // `/*!` and MariaDB's `/*M!`
            (b'*' | b'M', b'!') if depth == 1 && self.dialect == Dialect::Mysql => {
                self.executable = true;
                self.before = 0;
                In::Code
            }
            (b'*', b'/') => {
                self.before = 0;
                if depth > 1 { In::Comment { depth: depth - 1 } } else { In::Code }
            }
            (b'/', b'*') if self.dialect == Dialect::Postgres => {
                self.before = 0;
                In::Comment { depth: depth + 1 }
            }
            (_, _) => In::Comment { depth },
        }
    }

    fn quoted(&mut self, quote: u8, escapes: bool, mut text: Option<Vec<u8>>, byte: u8) -> In {
        if std::mem::take(&mut self.taken) {
            return In::Quote { quote, escapes, text };
        }
        if escapes && byte == b'\\' {
            self.taken = true;
        } else if byte == quote {
            // a doubled one begins the same anew, which comes to the same
            self.before = byte;
            self.name = text;
            return In::Code;
        } else if let Some(text) = &mut text
            && text.len() < WORD_MAX_BYTES
        {
            text.push(byte);
        }
        In::Quote { quote, escapes, text }
    }

    fn tag(&mut self, mut tag: Vec<u8>, byte: u8) -> In {
        tag.push(byte);
        match byte {
            b'$' => In::Dollar { tag, tail: Vec::new() },
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => In::Tag(tag),
            // `$1`, an operator: what followed is code
            byte => {
                self.before = 0;
                self.code(byte)
            }
        }
    }

    /// What psql and the mysql client read themselves; and the rest of a line with a comment.
    fn line_text(&mut self, text: Option<Vec<u8>>, byte: u8) -> In {
        let Some(mut text) = text else {
            return if byte == b'\n' { In::Code } else { In::Line(None) };
        };
        if byte != b'\n' {
            if text.len() < WORD_MAX_BYTES {
                text.push(byte);
            }
            return In::Line(Some(text));
        }
        // the line of `COPY … FROM stdin;` has ended
        if !text.starts_with(b"\\") {
            return In::Rows(Vec::new());
        }
        let command = String::from_utf8_lossy(&text).trim().to_owned();
        let word = command.split_whitespace().next().unwrap_or_default();
        // what newer dumps have against just such commands
        if !matches!(word, "\\restrict" | "\\unrestrict" | "\\-") {
            self.fault(self.line, &format!("a command of the client: {command}"));
        }
        In::Code
    }

    /// Whether rows follow.
    fn end_statement(&mut self) -> bool {
        let words = std::mem::take(&mut self.words);
        let line = self.begun_line;
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let all = match all.as_slice() {
            // the number of an executable comment
            [first, rest @ ..] if self.dialect == Dialect::Mysql && first.bytes().all(|b| b.is_ascii_digit()) => rest,
            all => all,
        };
        if let Some(what) = elsewhere(self.dialect, all) {
            self.fault(line, &what);
        }
        self.dialect == Dialect::Postgres && all.first() == Some(&"COPY") && follows(all, "FROM", "STDIN")
    }
}

fn follows(words: &[&str], first: &str, second: &str) -> bool {
    words.windows(2).any(|pair| pair[0] == first && pair[1] == second)
}

/// What a statement that begins with these words would reach beside its database.
fn elsewhere(dialect: Dialect, words: &[&str]) -> Option<String> {
    let shown = |count: usize| words.iter().take(count).copied().collect::<Vec<_>>().join(" ");
    let (first, second) = (words.first().copied()?, words.get(1).copied().unwrap_or_default());
    let makes = matches!(first, "CREATE" | "DROP" | "ALTER" | "RENAME" | "COMMENT");
    let mut object =
        words.iter().skip(1).filter(|word| !matches!(**word, "OR" | "REPLACE" | "IF" | "NOT" | "EXISTS" | "ON"));
    let object = object.next().copied().unwrap_or_default();
    let is_shared = makes && matches!(object, "DATABASE" | "USER" | "ROLE" | "GROUP" | "TABLESPACE" | "SERVER");
    if is_shared {
        return Some(shown(3));
    }
    let of_dialect = match dialect {
        Dialect::Mysql => {
            (makes && object == "SCHEMA")
                || matches!(
                    first,
                    "USE"
                        | "GRANT"
                        | "REVOKE"
                        | "CALL"
                        | "EXECUTE"
                        | "PREPARE"
                        | "INSTALL"
                        | "UNINSTALL"
                        | "SHUTDOWN"
                        | "KILL"
                )
                || matches!(
                    first,
                    "PURGE"
                        | "RESET"
                        | "CHANGE"
                        | "START"
                        | "STOP"
                        | "FLUSH"
                        | "HANDLER"
                        | "SYSTEM"
                        | "SOURCE"
                        | "CONNECT"
                        | "TEE"
                ) && !matches!(second, "TRANSACTION")
                || (first == "LOAD" && second == "DATA")
                || (first == "SET" && matches!(second, "GLOBAL" | "PERSIST" | "PERSIST_ONLY" | "PASSWORD" | "ROLE"))
                || (first == "SET" && words.iter().any(|word| matches!(*word, "GLOBAL" | "PERSIST")))
                || follows(words, "INTO", "OUTFILE")
                || follows(words, "INTO", "DUMPFILE")
        }
        Dialect::Postgres => {
            matches!(first, "DO" | "CALL" | "REASSIGN" | "LOAD" | "PREPARE" | "EXECUTE")
                || (first == "DROP" && second == "OWNED")
                || (first == "ALTER" && second == "SYSTEM")
                || (matches!(first, "CREATE" | "ALTER" | "DROP") && second == "SUBSCRIPTION")
                || (matches!(first, "GRANT" | "REVOKE") && (follows(words, "ON", "DATABASE") || !words.contains(&"ON")))
                || (first == "COPY" && !follows(words, "FROM", "STDIN"))
        }
    };
    of_dialect.then(|| shown(3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(dialect: Dialect, text: &str) -> Found {
        let mut scanner = Scanner::new(dialect);
        scanner.feed(text.as_bytes());
        scanner.finish()
    }

    #[track_caller]
    fn refuses(dialect: Dialect, text: &str, expected: &str) {
        let found = scan(dialect, text);
        assert_eq!(found.faults, [expected], "{text}");
    }

    #[test]
    fn what_leads_to_another_database_is_found_with_its_line() {
        use Dialect::{Mysql, Postgres};
        refuses(Mysql, "-- a dump\n\nUSE `live`;\n", "line 3: USE");
        refuses(Mysql, "CREATE TABLE a (n INT);\ncreate database if not exists live;", "line 2: CREATE DATABASE IF");
        refuses(Mysql, "/*!40000 DROP DATABASE IF EXISTS `live`*/;", "line 1: DROP DATABASE IF");
        refuses(Mysql, "SELECT 1;\n\\! rm -rf /\n", "line 2: a command of the client: \\! rm -rf /");
        refuses(Mysql, "SELECT 'it''s \\' ; USE x'; use live", "line 1: USE LIVE");
        refuses(Mysql, "SET @@GLOBAL.gtid_purged='x';", "line 1: SET GLOBAL GTID_PURGED");
        refuses(Mysql, "SELECT * FROM t INTO OUTFILE '/tmp/x';", "line 1: SELECT FROM T");
        refuses(Postgres, "SELECT 1;\n\\connect live\nSELECT 2;", "line 2: a command of the client: \\connect live");
        refuses(Postgres, "COPY t (a) FROM stdin;\n1\t\\N\n\\.\n\\! id\n", "line 4: a command of the client: \\! id");
        refuses(Postgres, "DROP DATABASE live;", "line 1: DROP DATABASE LIVE");
        refuses(Postgres, "GRANT CONNECT ON DATABASE live TO x;", "line 1: GRANT CONNECT ON");
        refuses(Postgres, "ALTER ROLE x SUPERUSER;", "line 1: ALTER ROLE X");
        refuses(Postgres, "COPY t FROM PROGRAM 'id';", "line 1: COPY T FROM");
        refuses(Postgres, "/* a /* b */ c */ DO $$ BEGIN NULL; END $$;", "line 1: DO");
    }

    #[test]
    fn what_a_dump_consists_of_is_taken() {
        let mysql = "-- MariaDB dump 10.19; USE x\n/*M!999999\\- enable the sandbox mode */ \n/*!40101 SET NAMES utf8mb4 */;\nDROP TABLE IF EXISTS `orders`;\n\
            CREATE TABLE `orders` (`id` int, `use` text DEFAULT 'USE x;');\nLOCK TABLES `orders` WRITE;\n\
            INSERT INTO `orders` VALUES (1,'a\\';DROP DATABASE x;'),(2,'\\\\'),(3,'#');# USE y\nUNLOCK TABLES;\n\
            DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.id = 1 */;;\nDELIMITER ;\n";
        assert_eq!(scan(Dialect::Mysql, mysql).faults, Vec::<String>::new());
        let postgres = "\\restrict abc\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
            CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$ SELECT 'DROP DATABASE x; \\! id' $_$;\n\
            COPY public.t (a, b) FROM stdin;\nDROP DATABASE x;\t\\\\connect\n\\N\t2\n\\.\n\nALTER TABLE ONLY public.t ADD CONSTRAINT c PRIMARY KEY (a);\n\
            GRANT SELECT ON TABLE public.t TO x;\nINSERT INTO t VALUES (E'it\\'s; DROP DATABASE y', 'back\\', \"odd;name\", $1);\n\\unrestrict abc\n";
        assert_eq!(scan(Dialect::Postgres, postgres).faults, Vec::<String>::new());
    }

    #[test]
    fn names_before_a_dot_are_told_with_and_without_quotes() {
        let found =
            scan(Dialect::Mysql, "INSERT INTO `li ve`.`t` VALUES (1.5, 'no.t'); SELECT shop . t.a FROM x; -- no.t\n");
        assert_eq!(found.qualifiers.into_iter().collect::<Vec<_>>(), ["li ve", "shop", "t"]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_same_is_found(text in "[a-zA-Z;'\"`$\\\\#*/ \n.!-]{0,120}", at in 0_usize..120, mysql in any::<bool>()) {
            let dialect = if mysql { Dialect::Mysql } else { Dialect::Postgres };
            let mut scanner = Scanner::new(dialect);
            let at = at.min(text.len());
            scanner.feed(&text.as_bytes()[..at]);
            scanner.feed(&text.as_bytes()[at..]);
            prop_assert_eq!(scanner.finish(), scan(dialect, &text));
        }

        #[test]
        fn after_any_string_the_next_statement_is_still_seen(text in "[^'\\\\]{0,60}") {
            for (dialect, statement) in [(Dialect::Mysql, "USE live"), (Dialect::Postgres, "DROP DATABASE live")] {
                let found = scan(dialect, &format!("INSERT INTO t VALUES ('{text}');\n{statement};"));
                prop_assert_eq!(found.faults.len(), 1, "{:?}", text);
            }
        }
    }
}
