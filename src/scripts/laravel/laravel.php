<?php
// What only the application itself can say or do. Runs in a release's folder as
//     php laravel.php SUBCOMMAND [ARGUMENT…]
// boots that application's console kernel and answers with lines `name<TAB>value`. Secrets go into files that only
// their owner can read; none is printed. PHP 7.4 and later, Laravel 8 and later.
//
//   facts                        version, maintenance, queue, the routes that maintenance leaves open
//   probe DIR NAME=CONNECTION…   facts, migrations that ran (`ran`), and settings of each connection (`db.NAME.…`)
//   settings NAME CONNECTION DIR the connection's account into DIR/NAME.cnf, for PostgreSQL its password into DIR/NAME.pgpass; its
//                                driver, schema and host to stdout
//   pending                      migrations that have not run, by the application's own migrator, and those that ran
//   pretend [DIR]                the SQL that those would run, or that the ones in DIR would which have not run yet: each as
//                                `migration` NAME, then `sql` NAME, tab, STATEMENT, then `pretended` with COUNT or
//                                `unpretended` with REASON in STATEMENT's place. Their code runs; every connection of the app only writes down
//                                what it is told meanwhile
//   down SECRET_FILE RETRY_S     maintenance on, with the secret read from the file
//   up                           maintenance off
//   payload                      what maintenance says now, as it is stored
//   put-payload FILE             maintenance as a file of `payload` has it
//   is-down                      exit 0 in maintenance, 3 where the application says that it is not

error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
ini_set('display_errors', 'stderr');

function emit(string $name, $value): void
{
    $text = is_bool($value) ? ($value ? 'yes' : 'no') : (string) $value;
    echo $name, "\t", strtr($text, ["\\" => '\\\\', "\t" => '\\t', "\n" => '\\n', "\r" => '\\r']), "\n";
}

function stop(string $message): void
{
    fwrite(STDERR, trim($message) . "\n");
    exit(1);
}

function boot()
{
    foreach (['vendor/autoload.php', 'bootstrap/app.php'] as $file) {
        if (!is_file($file)) {
            stop(getcwd() . " holds no Laravel application: $file is missing");
        }
    }
    define('LARAVEL_START', microtime(true));
    try {
        require getcwd() . '/vendor/autoload.php';
        $app = require getcwd() . '/bootstrap/app.php';
        $app->make(Illuminate\Contracts\Console\Kernel::class)->bootstrap();
    } catch (Throwable $error) {
        stop('the application does not boot: ' . get_class($error) . ': ' . $error->getMessage());
    }
    return $app;
}

function artisan($app, string $command, array $arguments): void
{
    $kernel = $app->make(Illuminate\Contracts\Console\Kernel::class);
    $code = $kernel->call($command, $arguments);
    if ($code !== 0) {
        stop("artisan $command failed: " . trim($kernel->output()));
    }
}

function facts($app): void
{
    emit('version', $app->version());
    emit('php', PHP_VERSION);
    emit('down', $app->isDownForMaintenance());
    emit('maintenance-driver', $app['config']->get('app.maintenance.driver', 'file'));
    emit('storage', $app->storagePath());
    emit('queue', $app['config']->get('queue.default'));
    $class = 'App\\Http\\Middleware\\PreventRequestsDuringMaintenance';
    if (!class_exists($class)) {
        $class = 'Illuminate\\Foundation\\Http\\Middleware\\PreventRequestsDuringMaintenance';
    }
    try {
        $property = new ReflectionProperty($class, 'except');
        $property->setAccessible(true);
        foreach ((array) $property->getValue($app->make($class)) as $uri) {
            emit('except', $uri);
        }
    } catch (ReflectionException $none) {
        emit('except-unknown', $none->getMessage());
    }
}

// An option file of the MySQL client: values in double quotes, backslash escapes as its manual has them.
function option(string $name, $value): string
{
    return $name . '="' . strtr((string) $value, ['\\' => '\\\\', '"' => '\\"', "\n" => '\\n', "\t" => '\\t']) . "\"\n";
}

// From Laravel 9 on maintenance may be kept in the cache; else it is a file.
function is_in_cache($app): bool
{
    return method_exists($app, 'maintenanceMode') && $app['config']->get('app.maintenance.driver', 'file') !== 'file';
}

function payload($app): string
{
    return is_in_cache($app) ? json_encode($app->maintenanceMode()->data()) : file_get_contents($app->storagePath() . '/framework/down');
}

// In one step, so that nobody slips in meanwhile; by a rename, since the file may be another user's.
function put_payload($app, string $text): void
{
    if (is_in_cache($app)) {
        $app->maintenanceMode()->activate(json_decode($text, true, 16, JSON_THROW_ON_ERROR));
        return;
    }
    $file = $app->storagePath() . '/framework/down';
    if (file_put_contents("$file.backstay", $text) !== strlen($text) || !chmod("$file.backstay", 0664) || !rename("$file.backstay", $file)) {
        stop("$file cannot be written");
    }
}

// `artisan down` does nothing in maintenance, so our secret would not hold there.
function down($app, string $secret, int $retry): void
{
    if ($app->isDownForMaintenance()) {
        $payload = json_decode(payload($app), true, 16, JSON_THROW_ON_ERROR);
        put_payload($app, json_encode(['secret' => $secret] + $payload, JSON_PRETTY_PRINT));
    } else {
        artisan($app, 'down', ['--secret' => $secret, '--retry' => $retry]);
    }
}

function probe($app, string $folder, array $databases): void
{
    facts($app);
    foreach ($databases as $database) {
        [$name, $connection] = explode('=', $database, 2);
        try {
            settings($app, $name, $connection, $folder, "db.$name.");
            size($app, $name, $connection);
        } catch (Throwable $error) {
            emit("db.$name.error", $error->getMessage());
        }
    }
    try {
        foreach (ran($app) as $name) {
            emit('ran', $name);
        }
        emit('ran-known', true);
    } catch (Throwable $error) {
        emit('database-error', $error->getMessage());
    }
}

function settings($app, string $name, string $connection, string $folder, string $prefix = ''): void
{
    $config = $app['db']->connection($connection === 'auto' ? null : $connection)->getConfig();
    $write = isset($config['write']) ? (isset($config['write'][0]) ? $config['write'][0] : $config['write']) : [];
    $config = array_merge($config, $write);
    $host = is_array($config['host'] ?? null) ? reset($config['host']) : ($config['host'] ?? '');
    emit($prefix . 'driver', $config['driver']);
    emit($prefix . 'database', $config['database'] ?? '');
    emit($prefix . 'host', $host);
    emit($prefix . 'user', $config['username'] ?? '');
    emit($prefix . 'prefix', $config['prefix'] ?? '');
    if (in_array($config['driver'], ['mysql', 'mariadb'], true)) {
        put_secret("$folder/$name.cnf", mysql_account($config, $host));
    } elseif ($config['driver'] === 'pgsql') {
        put_secret("$folder/$name.cnf", postgres_account($config, $host));
        put_secret("$folder/$name.pgpass", '*:*:*:*:' . strtr($config['password'] ?? '', ['\\' => '\\\\', ':' => '\\:']) . "\n");
    }
}

function mysql_account(array $config, string $host): string
{
    $text = "[client]\n" . option('user', $config['username'] ?? '') . option('password', $config['password'] ?? '');
    if (!empty($config['unix_socket'])) {
        $text .= option('socket', $config['unix_socket']);
    } else {
        $text .= option('host', $host) . option('port', $config['port'] ?? 3306);
        // as PDO has it, localhost is a socket and no address
        $text .= $host === 'localhost' ? '' : "protocol=tcp\n";
    }
    $authority = defined('PDO::MYSQL_ATTR_SSL_CA') ? ($config['options'][PDO::MYSQL_ATTR_SSL_CA] ?? null) : null;
    return $text . ($authority ? option('ssl-ca', $authority) : '');
}

// A service of libpq, as its pg_service.conf has them: the rest of a line is the value. The password is not in it, since blanks
// at its end would be cut off.
function postgres_account(array $config, string $host): string
{
    $text = "[backstay]\n";
    $values = ['host' => $host, 'port' => $config['port'] ?? '', 'user' => $config['username'] ?? ''];
    foreach (['sslmode', 'sslcert', 'sslkey', 'sslrootcert'] as $name) {
        $values[$name] = $config[$name] ?? '';
    }
    foreach ($values as $name => $value) {
        if (strpos((string) $value, "\n") !== false) {
            stop("the setting $name of the database has a line break in it");
        }
        $text .= (string) $value === '' ? '' : "$name=$value\n";
    }
    return $text;
}

function put_secret(string $file, string $text): void
{
    umask(0077);
    @unlink($file);
    $handle = fopen($file, 'x');
    if ($handle === false || fwrite($handle, $text) !== strlen($text) || !fclose($handle)) {
        stop("$file cannot be written");
    }
}

// Of a database that is a file; servers are asked by their engine's own probe.
function size($app, string $name, string $connection): void
{
    $database = $app['db']->connection($connection === 'auto' ? null : $connection);
    $file = $database->getConfig('database');
    if ($database->getConfig('driver') === 'sqlite' && is_file($file)) {
        $tables = $database->selectOne("select count(*) as n from sqlite_master where type = 'table'");
        emit('size', "$name " . filesize($file) . " $tables->n");
    }
}

function ran($app): array
{
    return $app['migrator']->repositoryExists() ? $app['migrator']->getRepository()->getRan() : [];
}

function pending($app): array
{
    $migrator = $app['migrator'];
    $paths = array_merge($migrator->paths(), [$app->databasePath('migrations')]);
    return array_diff_key($migrator->getMigrationFiles($paths), array_flip(ran($app)));
}

const STATEMENTS_MAX = 200;
const STATEMENT_MAX_BYTES = 2000;

// A migration that cannot be pretended is named with the reason; it does not keep the others from being shown.
function pretend($app, ?string $folder): void
{
    $files = $folder === null ? pending($app) : array_diff_key($app['migrator']->getMigrationFiles([$folder]), array_flip(ran($app)));
    $left = STATEMENTS_MAX;
    foreach ($files as $name => $file) {
        emit('migration', $name);
        [$statements, $error] = statements($app, $name, $file);
        foreach (array_slice($statements, 0, $left) as $statement) {
            $cut = mb_strcut($statement, 0, STATEMENT_MAX_BYTES);
            emit('sql', $name . "\t" . $cut . ($cut === $statement ? '' : ' …'));
            $left--;
        }
        if ($error === null) {
            emit('pretended', $name . "\t" . count($statements));
        } else {
            emit('unpretended', $name . "\t" . get_class($error) . ': ' . strtok($error->getMessage(), "\n"));
        }
    }
    emit('pretend-complete', true);
}

// What one migration tells the database, as far as it gets, and what ended it early; meanwhile no connection of the app
// carries anything out.
function statements($app, string $name, string $file): array
{
    // what it prints, and what it prints as it ends the process, is no answer of ours
    ob_start(static function () { return ''; });
    $log = [];
    $error = null;
    try {
        $migration = migration($name, $file);
        $default = $app['db']->getDefaultConnection();
        $own = $migration->getConnection() ?: $default;
        $run = static function () use ($app, $migration, $own, &$error) {
            $app['db']->setDefaultConnection($own);
            try {
                if (method_exists($migration, 'up')) {
                    $migration->up();
                }
            } catch (Throwable $thrown) {
                $error = $thrown; // a connection that is left by a throw would go on pretending
            }
        };
        foreach (array_keys($app['config']->get('database.connections')) as $each) {
            try {
                $connection = $app['db']->connection($each);
            } catch (Throwable $unusable) {
                continue; // and so it is for the migration
            }
            $run = static function () use ($connection, $run, $each, $own, &$log) {
                foreach ($connection->pretend($run) as $query) {
                    $log[] = ($each === $own ? '' : "[$each] ") . $query['query'];
                }
            };
        }
        $run();
        $app['db']->setDefaultConnection($default);
    } catch (Throwable $thrown) {
        $error = $thrown;
    }
    ob_end_clean();
    return [$log, $error];
}

function migration(string $name, string $file)
{
    $class = Illuminate\Support\Str::studly(implode('_', array_slice(explode('_', $name), 4)));
    // a second declaration would end the process
    if (class_exists($class, false) && (new ReflectionClass($class))->getFileName() !== realpath($file)) {
        throw new RuntimeException("the live application has a class $class already");
    }
    $returned = require_once $file;
    return is_object($returned) ? $returned : new $class();
}

$app = boot();
$subcommand = $argv[1] ?? '';
try {
    switch ($subcommand) {
        case 'facts':
            facts($app);
            break;
        case 'probe':
            probe($app, $argv[2], array_slice($argv, 3));
            break;
        case 'settings':
            settings($app, $argv[2], $argv[3], $argv[4]);
            break;
        case 'pending':
            foreach (array_keys(pending($app)) as $name) {
                emit('pending', $name);
            }
            foreach (ran($app) as $name) {
                emit('ran', $name);
            }
            break;
        case 'pretend':
            pretend($app, $argv[2] ?? null);
            break;
        case 'down':
            down($app, trim(file_get_contents($argv[2])), (int) $argv[3]);
            break;
        case 'payload':
            echo payload($app);
            break;
        case 'put-payload':
            put_payload($app, file_get_contents($argv[2]));
            break;
        case 'up':
            artisan($app, 'up', []);
            break;
        case 'is-down':
            exit($app->isDownForMaintenance() ? 0 : 3);
        default:
            stop("there is no subcommand $subcommand");
    }
} catch (Throwable $error) {
    stop("$subcommand: " . get_class($error) . ': ' . $error->getMessage());
}
