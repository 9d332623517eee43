# Files what Recado has sorted: into the folder of Recado-Folder, with the IMAP keywords of Recado-Keywords.
# Both fields are Recado's own word: it takes them out of whatever arrives. Without them this script does nothing.
require ["environment", "fileinto", "imap4flags", "mailbox", "variables", "vnd.dovecot.environment"];

# Keywords without a folder stay set for the scripts after this one and for the inbox.
if header :matches "Recado-Keywords" "*" { addflag "${1}"; }

if header :matches "Recado-Folder" "?*" {
    set "folder" "${1}${2}";
    set "prefix" "${env.vnd.dovecot.config.recado_prefix}";
    set "separator" "${env.vnd.dovecot.config.recado_separator}";
    set "dot" "${env.vnd.dovecot.config.recado_dot}";

    # A dot inside a name (ACME S.L.) is a level where the separator is a dot, and refused by Maildir++ everywhere.
    # Sieve has no loops: eight dots and eight levels.
    if string :is "${dot}" "" { set "dot" "_"; }
    if not string :is "${dot}" "." {
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
        if string :matches "${folder}" "*.*" { set "folder" "${1}${dot}${2}"; }
    }
    if not string :is "${separator}" ["", "/"] {
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
        if string :matches "${folder}" "*/*" { set "folder" "${1}${separator}${2}"; }
    }
    fileinto :create "${prefix}${folder}";
    stop;
}
