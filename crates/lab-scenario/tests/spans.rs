//! A message points at the very word that is wrong, however the text it
//! stands in is written.

mod support;

const SCENARIO: &str = r#"
topology: {single: 2}
processes:
  a: {host: h1, run: "cat \"x y\" ${one} \t 'z ${two}'"}
  b:
    host: h1
    run: >-
      cat --first
      --second ${three}
      "unclosed
  c:
    host: h1
    run: |
      cat --first \
         ${four}
  d: {host: h1, run: 'it''s ${five}'}
  e: {host: h1, run: "cat grüß ${h1.ipp}"}
  f: {host: h1, shell: "echo \u00fc ${six}"}
steps:
  - dialogue: "a> hello ${seven}\na< /x(/\nzz> x"
  - dialogue: |2
        a> deep ${eight}
      a< /y[/    # a comment
      nobody hears this
  - dialogue: 'a> one ${nine}'
  - send:
      to: a
      line: >
        two
        lines ${ten}
  - expect: {from: a, output: "/日本 ${h1.ip} z{2,1}/"}
"#;

#[test]
fn every_word_is_found_where_it_stands() {
    let problems = support::check(SCENARIO).unwrap_err();
    let pointed: Vec<&str> = problems
        .reports()
        .iter()
        .map(|report| &SCENARIO[report.span.start.byte..report.span.end.byte])
        .collect();
    let expected = [
        "${one}",
        "${two}",
        "${three}",
        "\"",
        "${four}",
        "''",
        "${five}",
        "${h1.ipp}",
        "${six}",
        "${seven}",
        "(",
        "zz",
        "${eight}",
        "[",
        "nobody hears this",
        "${nine}",
        "${ten}",
        "{2,1}",
    ];
    assert_eq!(pointed, expected, "{problems}");
}
