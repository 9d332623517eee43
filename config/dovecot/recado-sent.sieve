# The mail program stored a copy of what its user sent: Recado learns to whom he writes.
require ["copy", "environment", "imapsieve", "variables", "vnd.dovecot.pipe"];

if environment :matches "imap.user" "*" { set "user" "${1}"; }
pipe :copy :try "recado-learn" ["sent", "--user=${user}"];
