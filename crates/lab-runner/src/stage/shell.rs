//! The shell that people get on a host.
//!
//! It marks in its output where a command begins and ends (the escape sequences of shell
//! integration that terminals know: `OSC 133`, and `OSC 633;E` for the command line), so that
//! the record of a terminal tells which program said what.

/// What such a shell is called in records.
pub(super) const NAME: &str = "shell";

/// What starts it: bash, where there is one, after the user's own settings with a
/// prompt that names the host; else whatever `sh` is.
const START: &str = r#"
command -v bash > /dev/null || { PS1="$HOSTNAME:\$PWD\\$ "; export PS1; exec sh -i; }
exec bash --rcfile /dev/fd/9 -i 9<<'RC'
exec 9<&-
[ -r ~/.bashrc ] && . ~/.bashrc
HISTCONTROL= HISTIGNORE=
__labrun_begins() {
  local line
  line=$(HISTTIMEFORMAT= builtin history 1)
  [[ $line =~ ^\ *[0-9]+\*?\ +(.*)$ ]] && line=${BASH_REMATCH[1]}
  line=${line//\\/\\\\}
  line=${line//$'\n'/\\x0a}
  printf '\e]633;E;%s\a\e]133;C\a' "${line//;/\\x3b}"
}
__labrun_ends() {
  local code=$?
  [ -n "$__labrun_runs" ] && printf '\e]133;D;%s\a' "$code"
  __labrun_runs=
  return "$code"
}
PROMPT_COMMAND=__labrun_ends
PS0='${PS4:$((__labrun_runs=1, 0)):0}$(__labrun_begins)'
PS1='\[\e]133;A\a\]\h:\w\$ '
RC
"#;

/// Program and arguments.
pub(super) fn argv() -> Vec<String> {
    ["sh", "-c", START, NAME].map(str::to_owned).to_vec()
}
