//! Flaky programs: how often they fail, and in which ways.

use super::harness::Lab;

/// A program that answers in four repetitions of six.
const FLAKY: &str = r#"
case $(($N % 6)) in
    3) echo "lost after $N ms" ;;
    0) echo "giving up, pid $$"; exit 3 ;;
    *) echo hello ;;
esac
cat"#;

const EXPECT: &str = "steps:\n  - expect: {from: p, output: hello, within: 1s}\n";

fn lab() -> Lab {
    Lab::of_program(FLAKY, ", env: {N: \"${run.repetition}\"}", EXPECT)
}

#[test]
fn a_pass_rate_and_each_way_to_fail_once() {
    let lab = lab();
    let outcome = lab.run(&["--repeat", "12", "--jobs", "1"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.text());
    outcome
        .says("FLAKY  ")
        .says("8 of 12 passed: 67 %, 95 % interval 39 to 86 %\n")
        .says("  2 failed  p did not say `hello` within 1 s  (scenario.yaml:7)\n")
        .says("            instead: lost after 3 ms\n            #3 #9\n")
        .says("  2 failed  p ended with code 3 without saying `hello`  (scenario.yaml:7)\n")
        .says("            instead: giving up, pid ")
        .says("            #6 #12\n")
        .says("12 runs in ");
    assert_eq!(outcome.stdout.matches("run again:").count(), 2, "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("PASS"), "{}", outcome.stdout);
    let file = outcome.run_folder.parent().unwrap().join("statistics.json");
    let statistics: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let scenario = &statistics["scenarios"][0];
    assert_eq!((&scenario["passed"], &scenario["failed"]), (&8.into(), &4.into()));
    assert_eq!(scenario["groups"][0]["repetitions"], serde_json::json!([3, 9]));
    let key = "fail Some((7, 5)) p ended with code 3 without saying `hello` giving up, pid <n>";
    assert_eq!(outcome.run["signature"], key, "of the twelfth");
}

#[test]
fn what_always_passes_is_no_proof() {
    Lab::of_program("echo hello; cat", "", EXPECT)
        .run(&["--repeat", "10", "--jobs", "2"])
        .passes()
        .says("PASS  ")
        .says("10 of 10 passed: 100 %, 95 % interval 72 to 100 %\n");
}

#[test]
fn until_it_fails() {
    let lab = lab();
    let outcome = lab.run(&["--until-fail", "--jobs", "1", "--repeat", "2"]);
    outcome.passes().says("2 runs in ").says("no repetition failed\n");
    let outcome = lab.run(&["--until-fail", "--jobs", "1"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.text());
    outcome.says("3 runs in ").says("repetition 3 of ").says(" was the first to fail\n");
    assert_eq!(outcome.run["repetition"], 3);
}

#[test]
fn for_programs() {
    let outcome = lab().run(&["--repeat", "6", "--jobs", "1", "--format", "json"]);
    let lines = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let statistics: Vec<serde_json::Value> =
        lines.filter(|line: &serde_json::Value| line["type"] == "statistics").collect();
    assert_eq!(statistics.len(), 1);
    assert_eq!(statistics[0]["groups"].as_array().unwrap().len(), 2);
    let outcome = lab().run(&["--repeat", "9", "--jobs", "1", "--format", "junit"]);
    outcome.says("<property name=\"pass rate\" value=\"").says(">as repetition 3</failure>");
}
