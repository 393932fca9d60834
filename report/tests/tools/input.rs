//! Captures that are not whole, not ours, or not captures; what is hidden; what is left behind.

use std::fs;

use crate::common::{capture, folder, page_of, read, report, said, words};

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn a_cut_capture_gives_a_page_that_says_so() {
    let folder = folder("cut");
    let whole = fs::read(capture("kv-basic")).unwrap();
    let (cut, page) = (folder.join("cut.pcapng"), folder.join("page.html"));
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let output = report(&[cut.to_str().unwrap(), "-o", page.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("cut short in the middle of a packet"),
        "{}",
        said(&output)
    );
    let words = words(&read(&page));
    assert!(
        words.contains("cut short in the middle of a packet") && words.contains("Requests"),
        "{words}"
    );
}

/// A block's length that is none: nobody knows how many packets there are before they are read.
#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn a_damaged_capture_counts_what_could_be_read() {
    let folder = folder("damaged");
    let mut bytes = fs::read(capture("kv-basic")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].fill(0xaa);
    let (damaged, page) = (folder.join("damaged.pcapng"), folder.join("page.html"));
    fs::write(&damaged, bytes).unwrap();
    let output = report(&[damaged.to_str().unwrap(), "-o", page.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let words = words(&read(&page));
    assert!(words.contains("damaged or corrupt"), "{words}");
    assert!(
        !words.contains("Packets 0 ") && !words.contains("no packets"),
        "{words}"
    );
    assert!(!words.contains("whole and clean"), "{words}");
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn a_capture_without_packets_gives_a_page_that_says_so() {
    let folder = folder("empty");
    let header =
        b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00";
    for (name, bytes) in [("header.pcap", &header[..]), ("nothing.pcap", &[])] {
        let (path, page) = (folder.join(name), folder.join("page.html"));
        fs::write(&path, bytes).unwrap();
        let output = report(&[path.to_str().unwrap(), "-o", page.to_str().unwrap()]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        let words = words(&read(&page));
        assert!(words.contains("There are no packets in this capture."), "{name}");
        // Nothing is claimed of what is not there.
        for section in ["Over time", "Response times", "Cluster", "whole and clean"] {
            assert!(!words.contains(section), "{name}: {section}");
        }
    }
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn what_is_no_capture_is_refused_and_leaves_nothing_behind() {
    let folder = folder("none");
    let (path, page) = (folder.join("text.pcap"), folder.join("page.html"));
    fs::write(&path, "This is no capture.\n".repeat(20)).unwrap();
    let tries: [(&[&str], &str); 5] = [
        (&[path.to_str().unwrap()], "isn't a capture file"),
        (&["/nowhere.pcap"], "No such file"),
        (&[folder.to_str().unwrap()], "is a folder"),
        (
            &[&capture("kv-basic"), "-Y", "aerospike.nothing_like_this"],
            "nothing_like_this",
        ),
        (
            &[&capture("kv-basic"), "--tshark", "/nowhere/tshark"],
            "Wireshark: install it",
        ),
    ];
    for (arguments, wanted) in tries {
        let output = report(&[arguments, &["-o", page.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(wanted), "{arguments:?}: {}", said(&output));
        let left: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(left, ["text.pcap"], "{arguments:?}");
    }
    // Beside a capture it is left out, and that is said.
    let output = report(&[
        &capture("kv-basic"),
        path.to_str().unwrap(),
        "-o",
        page.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        words(&read(&page)).contains("text.pcap: The file"),
        "{}",
        words(&read(&page))
    );
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn an_old_or_missing_plugin_is_said_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("plugin");
    let fake = folder.join("tshark");
    let says = |help: &str| {
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo 'TShark (Wireshark) 4.0.17 (x).';; *) echo '{help}';; esac\n"
        );
        fs::write(&fake, script).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        said(&report(&[
            &capture("kv-basic"),
            "--tshark",
            fake.to_str().unwrap(),
            "-o",
            folder.join("page.html").to_str().unwrap(),
        ]))
    };
    assert!(
        says("afp,srt").contains("does not load the Aerospike plugin.\nInstall it"),
        "{}",
        says("afp,srt")
    );
    assert!(
        says("aerospike,latency").contains("is too old: it has no diagnosis"),
        "{}",
        says("aerospike,latency")
    );
    assert!(!folder.join("page.html").exists());
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn an_encrypted_capture_is_told_and_opened_with_its_secrets() {
    let path = capture("diagnosis/tls-service-13-no-secrets");
    let (page, facts) = page_of("tls", &[&path]);
    assert!(words(&page).contains("TLS without secrets"), "{}", words(&page));
    assert_eq!(facts["sides"][0]["hot_keys"]["keys"], 0);
    let keys = capture("scenarios/tls-service-13").replace(".pcapng", ".keys.log");
    let (page, facts) = page_of("tls-keys", &[&path, "--keys", &keys]);
    assert!(!words(&page).contains("TLS without secrets"));
    assert!(facts["sides"][0]["hot_keys"]["keys"].as_u64().unwrap() > 0);
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn foreign_traffic_is_said_to_be_none_of_ours() {
    let (page, _) = page_of("foreign", &[&capture("kv-basic"), "-Y", "udp", "--from", "0"]);
    assert!(
        words(&page).contains("counted is only what udp finds, from 0"),
        "{}",
        words(&page)
    );
    let (page, _) = page_of("other", &[&capture("diagnosis/other-programs-on-3001-3002")]);
    assert!(
        words(&page).contains("No Aerospike message was understood")
            || words(&page).contains("Nothing that the packets prove"),
        "{}",
        words(&page)
    );
}

#[test]
#[ignore = "needs the plugin: tools/test-tools.sh"]
fn what_is_hidden_is_nowhere() {
    let path = capture("diagnosis/java-server-pauses");
    let (page, facts) = page_of("hidden", &[&path, "--hide", "keys,digests,users,addresses"]);
    let facts = facts.to_string();
    for text in [&page, &facts] {
        assert!(!text.contains("10.77.0."), "an address");
        let mut hex = text
            .split(|letter: char| !letter.is_ascii_hexdigit())
            .filter(|word| word.len() == 40);
        assert_eq!(hex.next(), None, "a digest");
        assert!(text.contains("node-1:3000") && text.contains("digest-1"));
    }
    assert!(words(&page).contains(
        "Replaced by names that are the same throughout this page: keys, digests, users, addresses."
    ));
    // Values are in no page, whatever is asked for.
    let (page, facts) = page_of("values", &[&capture("kv-all-types")]);
    for value in ["hello", "kv-value"] {
        assert!(
            !page.contains(value) && !facts.to_string().contains(value),
            "{value}"
        );
    }
}
