# A message was moved into Junk: Recado learns it. Only mail that Recado has marked, so nobody's personal mail.
require ["copy", "environment", "imapsieve", "variables", "vnd.dovecot.pipe"];

if exists "Recado-Identity" {
    if environment :matches "imap.user" "*" { set "user" "${1}"; }
    pipe :copy :try "recado-learn" ["junk", "--user=${user}"];
}
