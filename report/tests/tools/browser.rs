//! The page in a browser: what it shows, that nothing is cut, and that the console is silent.

use std::fs;
use std::path::Path;

use crate::common::{capture, folder, read, report, run, said};

/// What the browser has made of a page, and its console.
fn dump(path: &Path, folder: &Path) -> (String, String) {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let address = format!("file://{}", path.display());
    let output = run(
        "chromium",
        &[
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            &profile,
            "--dump-dom",
            &address,
        ],
    );
    assert!(output.status.success(), "{}", said(&output));
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        said(&output),
    )
}

/// A page around ours that measures it at two widths.
const MEASURE: &str = r#"<!DOCTYPE html><body><iframe id="page" src="page.html" style="border:0;height:900px"></iframe><pre id="out"></pre><script>
const page = document.getElementById('page');
page.onload = () => {
  const out = [];
  for (const width of [1280, 390]) {
    page.style.width = width + 'px';
    const inner = page.contentDocument;
    const seen = [...inner.querySelectorAll('body *')].filter(e => e.getClientRects().length && !e.closest('.scroll') && !e.closest('svg') && !e.closest('details:not([open])'));
    const cut = seen.filter(e => e.getBoundingClientRect().right > width + 1 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline');
    const letters = [...inner.querySelectorAll('svg text')].filter(e => e.getClientRects().length);
    const outside = letters.filter(e => { const box = e.getBoundingClientRect(), all = e.ownerSVGElement.getBoundingClientRect(); return box.left < all.left - 1 || box.right > all.right + 1; });
    out.push(width + ': page ' + inner.documentElement.scrollWidth + ', cut ' + cut.map(e => e.outerHTML.slice(0, 80)) + ', outside ' + outside.map(e => e.textContent) + ', tiles ' + inner.querySelectorAll('.tiles dd').length + ';');
  }
  document.getElementById('out').textContent = out.join(' ');
};
</script>"#;

#[test]
#[ignore = "needs the plugin and chromium: tools/test-tools.sh"]
fn nothing_is_cut_and_the_console_is_silent() {
    let cases: [&[&str]; 4] = [
        &["diagnosis/java-server-pauses"],
        &["perf-sample-30k"],
        &["cluster-node-rejoin-migration-slim"],
        &[
            "diagnosis/pair-loss-client",
            "--against",
            "diagnosis/pair-loss-server",
        ],
    ];
    for case in cases {
        let folder = folder("browser");
        let page = folder.join("page.html");
        let captures: Vec<String> = case
            .iter()
            .map(|name| {
                if name.starts_with("--") {
                    (*name).to_owned()
                } else {
                    capture(name)
                }
            })
            .collect();
        let mut arguments: Vec<&str> = vec!["-o", page.to_str().unwrap()];
        arguments.extend(captures.iter().map(String::as_str));
        assert!(report(&arguments).status.success());
        assert!(read(&page).len() < 3_000_000);
        let around = folder.join("around.html");
        fs::write(&around, MEASURE).unwrap();
        let (dom, console) = dump(&around, &folder);
        let result = dom
            .split("<pre id=\"out\">")
            .nth(1)
            .and_then(|rest| rest.split("</pre>").next())
            .unwrap_or_default();
        for width in ["1280: page 1280", "390: page 390"] {
            assert!(
                result.contains(&format!("{width}, cut , outside , tiles ")),
                "{case:?}: {result}"
            );
        }
        assert!(!result.contains("tiles 0"), "{case:?}: {result}");
        assert!(!console.contains("CONSOLE"), "{case:?}: {console}");
    }
}
