<?php
// What a drill does through the application's own connections. Runs in a release's folder as
//     php drill.php digest NAME=CONNECTION…          a line for each object of each database: kind, name, digest of definition and rows
//     php drill.php change HOW STATE NAME=CONNECTION…  a throwaway change; HOW says what becomes of it
//     php drill.php cut CONNECTION SESSION           ends a session on the server, from a second one
// PHP 7.4 and later, Laravel 8 and later. It shares nothing with what protects the data.

error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
ini_set('display_errors', 'stderr');

const TABLE = 'backstay_drill';
const HOLD_S = 170;

function stop(string $message): void
{
    fwrite(STDERR, trim(strtok($message, "\n")) . "\n");
    exit(1);
}

function connections($app, array $words): array
{
    $all = [];
    foreach ($words as $word) {
        [$name, $connection] = explode('=', $word, 2);
        $all[$name] = $app['db']->connection($connection === 'auto' ? null : $connection);
    }
    return $all;
}

// --- digest

function say(string $kind, string $name, string $what): void
{
    echo $kind, ' ', strtr($name, [' ' => '%20', "\n" => '%0a']), ' ', hash('sha256', $what), "\n";
}

// Rows in whatever order they come: a digest of each, added up in four numbers.
function rows(PDO $pdo, string $kind, string $name, string $statement): void
{
    $sums = [0, 0, 0, 0];
    $count = 0;
    foreach ($pdo->query($statement, PDO::FETCH_NUM) as $row) {
        $numbers = unpack('N4', hash('sha256', serialize($row), true));
        foreach ($sums as $at => $sum) {
            $sums[$at] = ($sum + $numbers[$at + 1]) & 0xffffffff;
        }
        $count++;
    }
    say($kind, $name, $count . ' ' . implode(' ', $sums));
}

function definitions(PDO $pdo, string $kind, string $statement): void
{
    foreach ($pdo->query($statement, PDO::FETCH_NUM) as $row) {
        say($kind, (string) $row[0], serialize($row));
    }
}

function digest_sqlite(PDO $pdo): void
{
    definitions($pdo, 'object', 'select name, type, tbl_name, sql from sqlite_master');
    definitions($pdo, 'pragma', "select 'user_version', user_version from pragma_user_version");
    foreach ($pdo->query("select name from sqlite_master where type = 'table'")->fetchAll(PDO::FETCH_COLUMN) as $table) {
        rows($pdo, 'table', $table, 'select * from "' . strtr($table, ['"' => '""']) . '"');
    }
}

function digest_mysql(PDO $pdo): void
{
    $name = static function (string $name): string { return '`' . strtr($name, ['`' => '``']) . '`'; };
    foreach ($pdo->query('show full tables')->fetchAll(PDO::FETCH_NUM) as [$table, $type]) {
        $created = $pdo->query('show create table ' . $name($table))->fetch(PDO::FETCH_NUM)[1];
        say($type === 'VIEW' ? 'view' : 'definition', $table, $created);
        if ($type !== 'VIEW') {
            rows($pdo, 'table', $table, 'select * from ' . $name($table));
        }
    }
    definitions($pdo, 'trigger', 'select trigger_name, event_manipulation, event_object_table, action_timing, action_statement, sql_mode
        from information_schema.triggers where trigger_schema = database()');
    definitions($pdo, 'routine', 'select concat(routine_name, routine_type), routine_definition, sql_mode, dtd_identifier
        from information_schema.routines where routine_schema = database()');
    definitions($pdo, 'event', 'select event_name, event_definition, status, interval_value, interval_field
        from information_schema.events where event_schema = database()');
}

function digest_pgsql(PDO $pdo): void
{
    $ours = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'";
    $from = "from pg_class c join pg_namespace n on n.oid = c.relnamespace";
    definitions($pdo, 'relation', "select format('%I.%I', n.nspname, c.relname), c.relkind, c.relacl::text, pg_get_userbyid(c.relowner),
        case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end $from where $ours");
    definitions($pdo, 'column', "select format('%I.%I.%I', n.nspname, c.relname, a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid) $from join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where $ours");
    definitions($pdo, 'index', "select format('%I.%I', n.nspname, c.relname), pg_get_indexdef(c.oid) $from where c.relkind in ('i', 'I') and $ours");
    definitions($pdo, 'constraint', "select format('%s.%s.%I', n.nspname, r.conrelid::regclass, r.conname), pg_get_constraintdef(r.oid)
        from pg_constraint r join pg_namespace n on n.oid = r.connamespace where $ours");
    definitions($pdo, 'trigger', "select format('%I.%I', c.relname, t.tgname), pg_get_triggerdef(t.oid), t.tgenabled
        from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal");
    definitions($pdo, 'routine', "select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.prosrc, p.prokind
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace where $ours");
    $named = static function (string $kinds) use ($pdo, $from, $ours): array {
        return $pdo->query("select format('%I.%I', n.nspname, c.relname) $from where c.relkind in ($kinds) and $ours")->fetchAll(PDO::FETCH_COLUMN);
    };
    foreach ($named("'S'") as $sequence) {
        rows($pdo, 'sequence', $sequence, "select last_value, is_called from $sequence");
    }
    foreach ($named("'r', 'm'") as $table) {
        rows($pdo, 'table', $table, "select t::text from $table t");
    }
}

function digest(array $connections): void
{
    foreach ($connections as $name => $connection) {
        $driver = $connection->getDriverName();
        $pdo = $connection->getPdo();
        say('database', $name, $driver);
        if ($driver === 'sqlite') {
            digest_sqlite($pdo);
        } elseif ($driver === 'pgsql') {
            digest_pgsql($pdo);
        } elseif ($driver === 'mysql' || $driver === 'mariadb') {
            digest_mysql($pdo);
        } else {
            exit(3);
        }
    }
}

// --- change

function injected(string $state): void
{
    file_put_contents("$state/drill-injected", sprintf('%.0f000000', microtime(true) * 1000));
}

// A table with rows, a column added to it, a line among the migrations that ran: what a rollback has to take back.
function change($app, array $connections): void
{
    foreach ($connections as $connection) {
        $schema = $connection->getSchemaBuilder();
        $schema->create(TABLE, static function ($table) {
            $table->integer('id')->primary();
            $table->string('note', 80);
        });
        for ($from = 0; $from < 200; $from += 50) {
            $rows = [];
            for ($id = $from; $id < $from + 50; $id++) {
                $rows[] = ['id' => $id, 'note' => "a drill's row $id"];
            }
            $connection->table(TABLE)->insert($rows);
        }
        $schema->table(TABLE, static function ($table) {
            $table->string('drilled', 20)->nullable();
        });
        $connection->table(TABLE)->where('id', '<', 100)->update(['drilled' => 'yes']);
    }
    if ($app['migrator']->repositoryExists()) {
        $app['migrator']->getRepository()->log('0000_00_00_000000_' . TABLE, 0);
    }
}

function server(array $connections)
{
    foreach ($connections as $connection) {
        if ($connection->getDriverName() !== 'sqlite') {
            return $connection;
        }
    }
    stop('Error: no database here has a server whose session could be ended');
}

// SQLite is told that its file may grow no more; elsewhere what is written meets a device that is always full.
function fill(array $connections): void
{
    foreach ($connections as $connection) {
        if ($connection->getDriverName() === 'sqlite') {
            $pdo = $connection->getPdo();
            $pages = (int) $pdo->query('pragma page_count')->fetchColumn();
            $pdo->query("pragma max_page_count = $pages")->fetchColumn();
            for ($id = 1000; $id < 3000; $id++) {
                $connection->table(TABLE)->insert(['id' => $id, 'note' => str_repeat('x', 4000)]);
            }
            return;
        }
    }
    if (@file_put_contents('/dev/full', str_repeat('x', 65536)) !== 65536) {
        throw new RuntimeException('backstay drill: No space left on device, as /dev/full says');
    }
}

function session($connection): string
{
    $own = $connection->getDriverName() === 'pgsql' ? 'select pg_backend_pid()' : 'select connection_id()';
    return (string) $connection->getPdo()->query($own)->fetchColumn();
}

$state = $argv[3] ?? '';
foreach (['vendor/autoload.php', 'bootstrap/app.php'] as $file) {
    if (!is_file($file)) {
        stop(getcwd() . " holds no Laravel application: $file is missing");
    }
}
try {
    require getcwd() . '/vendor/autoload.php';
    $app = require getcwd() . '/bootstrap/app.php';
    $app->make(Illuminate\Contracts\Console\Kernel::class)->bootstrap();
    if ($argv[1] === 'digest') {
        digest(connections($app, array_slice($argv, 2)));
    } elseif ($argv[1] === 'cut') {
        $connection = $app['db']->connection($argv[2] === 'auto' ? null : $argv[2]);
        $pdo = $connection->getPdo();
        $pdo->query($connection->getDriverName() === 'pgsql' ? 'select pg_terminate_backend(' . (int) $argv[3] . ')' : 'kill ' . (int) $argv[3]);
    } else {
        $words = array_slice($argv, 4);
        $all = connections($app, $words);
        change($app, $all);
        touch("$state/drill-ready");
        switch ($argv[2]) {
            case 'smoke-fails':
                break;
            case 'migration-throws':
                injected($state);
                throw new RuntimeException('backstay drill: the migration fails half-way');
            case 'disk-full':
                injected($state);
                fill($all);
                break;
            case 'connection-dropped':
                $server = server($all);
                $name = array_search($server, $all, true);
                $pdo = $server->getPdo();
                foreach ($words as $word) {
                    if (strpos($word, "$name=") === 0) {
                        file_put_contents("$state/drill-session", substr($word, strlen($name) + 1) . ' ' . session($server) . "\n");
                    }
                }
                // through PDO itself: the framework would connect again and go on
                $pdo->query($server->getDriverName() === 'pgsql' ? 'select pg_sleep(30)' : 'select sleep(30)')->fetchAll();
                $pdo->query('select 1')->fetchAll();
                break;
            case 'hold':
                sleep(HOLD_S);
                break;
        }
    }
} catch (Throwable $error) {
    stop(get_class($error) . ': ' . $error->getMessage());
}
