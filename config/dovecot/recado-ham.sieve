# A message was moved out of Junk: Recado learns that it was none. What is thrown away, or filed below Junk, says nothing.
require ["copy", "environment", "imapsieve", "mailbox", "special-use", "variables", "vnd.dovecot.pipe"];

if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if anyof (
    string :matches "${mailbox}" ["Junk*", "Spam*", "*Trash*", "*Deleted *", "*Papelera*"],
    specialuse_exists "${mailbox}" "\\Trash",
    specialuse_exists "${mailbox}" "\\Junk"
) { stop; }

if exists "Recado-Identity" {
    if environment :matches "imap.user" "*" { set "user" "${1}"; }
    pipe :copy :try "recado-learn" ["ham", "--user=${user}"];
}
