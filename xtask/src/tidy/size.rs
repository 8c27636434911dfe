//! Rule: a file with more lines than one can hold in mind is thought about again.

use crate::tidy::Violation;
use crate::tidy::files::Files;

/// Lines of a Rust file that need no reason.
const LIMIT: usize = 400;

/// Files that may be longer: path, lines, reason. An entry that is not needed any more is a violation.
const EXCEPTIONS: &[(&str, usize, &str)] = &[];

pub(crate) fn check(files: &Files) -> Vec<Violation> {
    with_exceptions(files, EXCEPTIONS)
}

fn with_exceptions(files: &Files, exceptions: &[(&str, usize, &str)]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.rust() {
        let lines = file.text.lines().count();
        let exception = exceptions.iter().find(|(path, ..)| *path == file.path);
        let allowed = exception.map_or(LIMIT, |(_, allowed, _)| *allowed);
        if lines > allowed {
            violations.push(Violation {
                path: file.path.clone(),
                line: allowed + 1,
                message: format!(
                    "{lines} lines, {allowed} are allowed: give a part its own file, or list it with a \
                     reason in xtask/src/tidy/size.rs"
                ),
            });
        }
    }
    for (path, allowed, _) in exceptions {
        let lines = files.get(path).map_or(0, |file| file.text.lines().count());
        if lines <= LIMIT {
            violations.push(Violation {
                path: (*path).to_owned(),
                line: 1,
                message: format!(
                    "{lines} lines: the exception for {allowed} is not needed any more"
                ),
            });
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files;

    #[test]
    fn long_files_need_an_exception_and_exceptions_a_long_file() {
        let long = "\n".repeat(LIMIT + 1);
        let fits = "\n".repeat(LIMIT);
        let files = files::made(&[
            ("long.rs", &long),
            ("listed.rs", &long),
            ("fits.rs", &fits),
            ("long.md", &long),
        ]);
        let reason = "a table";
        let exceptions = [("listed.rs", LIMIT + 1, reason), ("gone.rs", 500, reason)];
        let violations = with_exceptions(&files, &exceptions);
        let paths: Vec<_> = violations.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["long.rs", "gone.rs"]);
    }
}
