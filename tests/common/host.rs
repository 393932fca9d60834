//! Wireshark's tools with this plugin, and nothing else of this machine.
//!
//! As root Wireshark reads no personal plugins and no `WIRESHARK_PLUGIN_DIR`, and a test
//! without the plugin tests nothing. So: once per test process a folder of its own that anyone
//! may read, with its own HOME, a copy of the plugin and of the captures; tools run as an
//! unprivileged user in it, two at a time, within limits; and before anything else it is
//! proved that the plugin loaded is the one that cargo has just built.

use std::collections::HashMap;
use std::env;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::Builder;

use super::captures;

/// Tables of names of network cards, ports and companies, which no test looks at: without them tshark 4.0 starts in half of the
/// time, and it starts some thousand times. Later versions have them in their code.
const NAME_TABLES: [&str; 3] = ["manuf", "services", "enterprises.tsv"];
const FOLDER_NAME: &str = "aerospike-wireshark-test-";
const TIME_LIMIT: Duration = Duration::from_secs(180);
const CPU_SECONDS: &str = "120";
const PROCESSES: usize = 2;
/// `nobody`: any user that owns nothing does.
const UNPRIVILEGED: u32 = 65534;

/// The folder, and the plugin in it.
pub struct Host {
    folder: PathBuf,
    /// The plugin as built, of which the folder holds a copy.
    pub built: PathBuf,
    /// Of Wireshark, such as `4.0`.
    pub series: String,
    /// As the plugin says it in `tshark -G plugins`.
    pub plugin_version: String,
    /// What was copied, by its name in the set.
    copied: Mutex<HashMap<String, PathBuf>>,
}

/// What a tool printed.
pub struct Ran {
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub success: bool,
    /// The command line and how it ended, for messages.
    pub how: String,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The output, if the tool ended well.
    pub fn expect_success(self) -> Ran {
        assert!(self.success, "{}\n{}", self.how, self.stderr);
        self
    }
}

/// The host of this test process; made and proved at first use.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        let host = Host::make();
        host.prove()
    })
}

impl Host {
    fn make() -> Host {
        sweep();
        // A name that nobody guesses, and of this process, so that a later one sees whether it is left over: what is
        // static is never dropped.
        let folder = Builder::new()
            .prefix(&format!("{FOLDER_NAME}{}-", std::process::id()))
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(public_temp())
            .expect("a temporary folder")
            .keep();
        let built = built_plugin();
        let series = wireshark_series();
        let plugins = folder.join("plugins").join(&series).join("epan");
        for path in [
            folder.join("home"),
            folder.join("captures"),
            folder.join("tmp"),
            plugins.clone(),
        ] {
            fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
        let mut path = plugins.clone();
        while path.starts_with(&folder) {
            set_mode(&path, 0o755);
            path.pop();
        }
        set_mode(&folder.join("captures"), 0o755);
        set_mode(&folder.join("home"), 0o777);
        set_mode(&folder.join("tmp"), 0o777);
        copy_readable(&built, &plugins.join("aerospike.so"));
        link_data(&folder.join("data"));
        let plugin_version = String::new();
        Host {
            folder,
            built,
            series,
            plugin_version,
            copied: Mutex::default(),
        }
    }

    /// Proves that the plugin loaded is a copy of the one built.
    fn prove(mut self) -> Host {
        let listing = self.tshark(&["-G", "plugins"]).expect_success();
        let text = listing.text();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("aerospike.so"))
            .collect();
        let [line] = lines[..] else {
            panic!(
                "the plugin is not loaded exactly once:\n{text}\n{}",
                listing.stderr
            );
        };
        let mut columns = line.split('\t').map(str::trim);
        self.plugin_version = columns.nth(1).unwrap_or_default().into();
        let loaded = PathBuf::from(columns.next_back().unwrap_or_default());
        assert!(
            loaded.starts_with(&self.folder),
            "another copy of the plugin is loaded: {line}"
        );
        let same = fs::read(&loaded).ok() == fs::read(&self.built).ok();
        assert!(same, "{} is not {}", loaded.display(), self.built.display());
        assert_eq!(build_id(&loaded), build_id(&self.built), "build ids differ");
        self
    }

    pub fn tshark(&self, args: &[&str]) -> Ran {
        self.run("tshark", args, "")
    }

    /// tshark on a capture of the set, for example `on("kv-basic", &["-T", "pdml"])`.
    pub fn on(&self, capture: &str, args: &[&str]) -> Ran {
        let path = self.capture(capture);
        let mut all = vec!["-n", "-r", path.to_str().expect("a path in UTF-8")];
        all.extend(args);
        self.tshark(&all)
    }

    /// The folder's copy of a capture.
    pub fn capture(&self, name: &str) -> PathBuf {
        let mut copied = lock(&self.copied);
        if let Some(path) = copied.get(name) {
            return path.clone();
        }
        let (bytes, kind) = captures::capture_bytes(name);
        let path = self.scratch(&format!("{}.{kind}", name.replace('/', "--")), &bytes);
        copied.insert(name.into(), path.clone());
        path
    }

    /// Makes a capture out of bytes, under a name that is not one of the set's.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.scratch(&format!("{name}.pcapng"), bytes);
        lock(&self.copied).insert(name.into(), path);
    }

    /// Where a tool may write.
    pub fn writable(&self, name: &str) -> PathBuf {
        self.folder.join("tmp").join(name)
    }

    /// A file that a test made up.
    pub fn scratch(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join("captures").join(name);
        fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        set_mode(&path, 0o644);
        path
    }

    /// A folder of that name in which the tools can write.
    pub fn scratch_folder(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        set_mode(&path, 0o777);
        path
    }

    /// Runs a tool, unprivileged, with something on its standard input.
    pub fn run(&self, tool: &str, args: &[&str], input: &str) -> Ran {
        self.run_with(&[], tool, args, input)
    }

    /// The same, with variables in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)], tool: &str, args: &[&str], input: &str) -> Ran {
        let _turn = Turn::take();
        let mut command = self.command(tool);
        command.args(args).envs(variables.iter().copied());
        let how = format!("{tool} {}", args.join(" "));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{how}: {e}"));
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        if let Some(mut stdin) = child.stdin.take() {
            // A tool that ends before it has read everything is seen by its status.
            let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        }
        let (success, end) = wait(&mut child);
        let stdout = stdout.join().unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr.join().unwrap_or_default()).into_owned();
        Ran {
            stdout,
            stderr,
            success,
            how: format!("{how}: {end}"),
        }
    }

    fn command(&self, tool: &str) -> Command {
        let mut command = if is_root() {
            let mut setpriv = Command::new("setpriv");
            setpriv
                .arg(format!("--reuid={UNPRIVILEGED}"))
                .arg(format!("--regid={UNPRIVILEGED}"));
            setpriv.args(["--clear-groups", "prlimit"]);
            setpriv
        } else {
            Command::new("prlimit")
        };
        command.arg(format!("--cpu={CPU_SECONDS}")).arg(tool);
        command.env_clear().current_dir(&self.folder);
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TMPDIR", self.folder.join("tmp"));
        command.env("HOME", self.folder.join("home"));
        command
            .env("WIRESHARK_PLUGIN_DIR", self.folder.join("plugins"))
            .env("WIRESHARK_DATA_DIR", self.folder.join("data"));
        // Where an instrumented plugin writes what of it ran (`make coverage`).
        if let Some(file) = env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", file);
        }
        // A plugin built with a sanitizer needs its runtime before anything else. Programs without the plugin do not,
        // and some hang under it: editcap, and the capture programs that `-G plugins` starts.
        let runtime = env::var_os("AEROSPIKE_SANITIZER").filter(|_| tool != "editcap");
        if let Some(runtime) = runtime {
            command
                .env("LD_PRELOAD", runtime)
                .env("WIRESHARK_EXTCAP_DIR", self.folder.join("home"));
            command.env("ASAN_OPTIONS", env::var_os("ASAN_OPTIONS").unwrap_or_default());
        }
        for variable in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "XDG_RUNTIME_DIR",
        ] {
            command.env(variable, self.folder.join("home"));
        }
        command
    }
}

/// One of the places for a running tool.
struct Turn;

fn turns() -> &'static (Mutex<usize>, Condvar) {
    static TURNS: (Mutex<usize>, Condvar) = (Mutex::new(PROCESSES), Condvar::new());
    &TURNS
}

impl Turn {
    fn take() -> Turn {
        let (free, freed) = turns();
        let mut free = lock(free);
        while *free == 0 {
            free = freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (free, freed) = turns();
        *lock(free) += 1;
        freed.notify_one();
    }
}

/// A lock that a failed test has left behind is as good as another.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reader<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn wait(child: &mut Child) -> (bool, String) {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let end = match status.signal() {
                    Some(signal) => format!("killed by signal {signal}"),
                    None => status.to_string(),
                };
                return (status.success(), end);
            }
            Ok(None) if start.elapsed() < TIME_LIMIT => thread::sleep(Duration::from_millis(5)),
            other => {
                let _ = child.kill();
                let _ = child.wait();
                return (false, format!("stopped after {:?} ({other:?})", start.elapsed()));
            }
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn set_mode(path: &Path, mode: u32) {
    let done = fs::set_permissions(path, Permissions::from_mode(mode));
    done.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

/// What Wireshark has in its own folder, but for the tables of names.
fn link_data(to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|e| panic!("{}: {e}", to.display()));
    set_mode(to, 0o755);
    let listed = Command::new("tshark").args(["-G", "folders"]).output();
    let listed = String::from_utf8_lossy(&listed.expect("tshark is not installed").stdout).into_owned();
    let line = listed
        .lines()
        .find(|line| line.starts_with("Global configuration:"));
    let from = line
        .and_then(|line| line.split('\t').next_back())
        .expect("Wireshark's folder");
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if NAME_TABLES.iter().all(|table| name != *table) {
            let link = std::os::unix::fs::symlink(entry.path(), to.join(&name));
            link.unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()));
        }
    }
}

fn copy_readable(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|e| panic!("{} to {}: {e}", from.display(), to.display()));
    set_mode(to, 0o644);
}

/// A temporary folder that an unprivileged user can reach.
fn public_temp() -> PathBuf {
    let open = |path: &Path| {
        let mut parents = path.ancestors().map(fs::metadata);
        parents.all(|meta| meta.is_ok_and(|m| m.permissions().mode() & 0o001 != 0))
    };
    let mut places = vec![env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    places.retain(|place| open(place));
    places.into_iter().next().expect("a temporary folder open to all")
}

/// Removes the folders of test processes that are gone.
fn sweep() {
    for entry in fs::read_dir(public_temp()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let named = name.to_str().and_then(|name| name.strip_prefix(FOLDER_NAME));
        let Some((process, _)) = named.and_then(|named| named.split_once('-')) else {
            continue;
        };
        if !Path::new("/proc").join(process).exists() {
            // Another test process may be at it, too.
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// Tests of what only a plugin with their features has.
const OF_FEATURES: [&str; 2] = ["soundness-", "allocations-"];

/// The plugin that is named, or the one that cargo built for this run: beside the test executable, or above its folder.
fn built_plugin() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let name = test.file_name().unwrap_or_default().to_string_lossy();
    let any = OF_FEATURES.iter().all(|test| !name.starts_with(test));
    if let Some(path) = env::var_os("AEROSPIKE_PLUGIN").filter(|_| any) {
        return path.into();
    }
    let places = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("libaerospike.so"));
    let mut found: Vec<_> = places
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    match found.pop() {
        Some((_, path)) => path,
        None => panic!("no libaerospike.so near {}", test.display()),
    }
}

/// `4.0` of `TShark (Wireshark) 4.0.17 (..)`.
fn wireshark_series() -> String {
    let output = Command::new("tshark")
        .arg("--version")
        .output()
        .expect("tshark is not installed");
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split("(Wireshark) ").nth(1).unwrap_or_default();
    let parts: Vec<&str> = version.split('.').take(2).collect();
    assert_eq!(parts.len(), 2, "unknown version of tshark: {text}");
    parts.join(".")
}

/// The build id of an ELF file, as `readelf -n` says it.
pub fn build_id(path: &Path) -> Option<String> {
    let notes = readelf("-n", path);
    let id = notes.split("Build ID: ").nth(1)?;
    id.split_whitespace().next().map(str::to_string)
}

/// `readelf` with one option.
pub fn readelf(option: &str, path: &Path) -> String {
    let output = Command::new("readelf").arg("-W").arg(option).arg(path).output();
    String::from_utf8_lossy(&output.expect("readelf is not installed").stdout).into_owned()
}
