/* Texts only; lines of 78 columns at most. */
#include "gateway/client/help.h"

static const char *const texts[N_COMMANDS] = {
    [COMMAND_NONE] =
        "teal, a device of the native network on the command line\n"
        "\n"
        "  teal [--home DIR] [--json] [--passphrase-file FILE] COMMAND …\n"
        "\n"
        "  init       make a keychain for a gateway\n"
        "  link       make this a further device of an account\n"
        "  register   make handles known, and keys that others can seal to\n"
        "  lookup     say how a handle is reached, and by which key it is known\n"
        "  send       seal a text for people and send it\n"
        "  inbox      show what has come, verified, and acknowledge it\n"
        "  receipts   show what became of the messages sent\n"
        "  handles    show the handles of the account, add and remove them\n"
        "  devices    show the devices of the account, add and revoke them\n"
        "  forwarding  let further devices have what comes to a number as a text\n"
        "  verify     check somebody's keys, and show the number to compare with them\n"
        "  audit      read the whole key log for keys that their owners did not sign\n"
        "  heads      show the key log's head, or compare it with another person's\n"
        "  peer       show, add, suspend and remove the networks that a gateway bridges\n"
        "  sign       print the signature of a request, for another program to send\n"
        "  passphrase  seal the keychain under another passphrase\n"
        "\n"
        "For the gateway's operator, with --operator FILE, the key that teald --init made\n"
        "(operator.key in the state folder), and --gateway URL where there is no keychain;\n"
        "the passphrase of a sealed one is in --operator-passphrase-file FILE:\n"
        "  disclose   show all that the gateway holds on a handle\n"
        "  pins       forget by which key another network's handle is known\n"
        "  gateway    have the gateway replace its downgrade key\n"
        "\n"
        "  teal COMMAND --help says more. --version prints the version.\n"
        "\n"
        "The keychain is DIR/keychain (default: TEAL_HOME, or ~/.teal), sealed under\n"
        "the passphrase in FILE, in the file that TEAL_PASSPHRASE_FILE names, in\n"
        "TEAL_PASSPHRASE, or asked for on the terminal. --json prints one object a\n"
        "line. NO_COLOR switches colours off.\n"
        "\n"
        "Levels: blue and teal are E2EE, which only the recipient's devices can open;\n"
        "amber is TRANSPORT, which the recipient's network can read; green is\n"
        "PLAINTEXT, which everybody on the way can read.\n"
        "\n"
        "Exit status:\n"
        "  0  done\n"
        "  1  failed unexpectedly\n"
        "  2  the arguments are wrong\n"
        "  3  the gateway refused; its problem document has been printed\n"
        "  4  the gateway cannot be reached\n"
        "  5  the keychain is missing or damaged, or the passphrase is wrong\n"
        "  6  something did not verify: a signature, a key, a receipt\n",
    [COMMAND_INIT] =
        "teal init --gateway URL [--ca FILE] [--name NAME]\n"
        "\n"
        "Makes the keychain with a new account and a new device, called NAME, and\n"
        "remembers the gateway's account key: from then on another one is refused.\n"
        "\n"
        "  --ca FILE           who signs the certificate of an https:// gateway, in PEM;\n"
        "                      without it: whom this system trusts. Is remembered\n",
    [COMMAND_LINK] =
        "teal link --gateway URL [--ca FILE] HANDLE NAME\n"
        "\n"
        "Makes a keychain for a further device, called NAME, of the account that has\n"
        "HANDLE; shows a code of 8 digits, and waits until it has been typed on the\n"
        "device that made the account (teal devices approve CODE). The code proves to\n"
        "both devices that nobody in between has swapped keys. The new device reads\n"
        "what is sent from then on, and sends; it does not get the account key, so it\n"
        "cannot add or revoke devices.\n",
    [COMMAND_REGISTER] =
        "teal register [--code=CODE] HANDLE…\n"
        "\n"
        "Registers the handles (im:NAME@HOST, tel:+NUMBER) for the account, and\n"
        "uploads the device's keys: a signed last-resort key and 100 one-time keys.\n"
        "The first handle registered is the one that messages are sent from.\n"
        "Can be repeated, with the same handles or with more. A number may have to be\n"
        "proven by a code (see teal handles).\n",
    [COMMAND_LOOKUP] =
        "teal lookup [--accept-key-change] HANDLE\n"
        "\n"
        "Says by which path and at which level a message to HANDLE would travel now,\n"
        "its account key, and whether that is the key that is known here. Compare the\n"
        "key with its owner by other means. A key that has changed ends with status 6;\n"
        "--accept-key-change takes it as the known one.\n",
    [COMMAND_SEND] =
        "teal send [OPTION…] TO[,TO…] TEXT\n"
        "\n"
        "Seals TEXT (-: standard input) for every device of the recipients, signs it,\n"
        "and sends it. Says the path and level before it sends, and the gateway's\n"
        "answer. Put -- before a TEXT that begins with a dash.\n"
        "\n"
        "  --fallback=never    never below end-to-end encryption (default)\n"
        "  --fallback=rcs      consent to TRANSPORT: the recipient's network can read it\n"
        "  --fallback=sms      consent to PLAINTEXT: everybody on the way can read it\n"
        "  --when=no-better-path  only where nothing better reaches the recipient\n"
        "                      (default); otherwise no readable text leaves here\n"
        "  --when=or-failed    also when the better path has failed for a while: the\n"
        "                      readable text waits at the gateway\n"
        "  --failed-after=SECONDS  how long that is (default: 300)\n"
        "  --accept-e2ee-loss  even if this conversation was encrypted before\n"
        "  --expires=SECONDS   not to be delivered later (consents: default one day)\n"
        "  --no-receipts       do not ask for receipts of the recipients' devices\n"
        "  --accept-key-change  take account keys that have changed as the known ones\n",
    [COMMAND_INBOX] =
        "teal inbox [--follow] [--wait=SECONDS] [--accept-key-change]\n"
        "\n"
        "Shows messages and receipts that have come, each with its level and whether\n"
        "it verified, and acknowledges them; sends the receipts that senders asked\n"
        "for. What does not verify is shown as that, and the status is 6.\n"
        "\n"
        "  --wait=SECONDS      wait that long for the first one\n"
        "  --follow            go on until Ctrl-C\n"
        "  --accept-key-change  take account keys that have changed as the known ones\n",
    [COMMAND_RECEIPTS] =
        "teal receipts [ID]\n"
        "\n"
        "Shows the last 1000 messages sent, or the one with that ID, with the gateway's\n"
        "receipts that verified and the receipts of the recipients' devices. They come\n"
        "in with `teal inbox`.\n",
    [COMMAND_HANDLES] =
        "teal handles [add HANDLE [--code=CODE] | remove HANDLE]\n"
        "\n"
        "Shows the handles of the account; adds one, or takes one away. A number\n"
        "(tel:+NUMBER) is proven by a code that the gateway sends there by SMS: it is\n"
        "asked for on the terminal, or given with --code in a second call. A code\n"
        "holds for ten minutes and three tries; there are three codes a day.\n",
    [COMMAND_DEVICES] =
        "teal devices [approve CODE | refuse ID | revoke ID]\n"
        "\n"
        "Shows the devices of the account, and how many one-time keys of this one\n"
        "are left at the gateway. On the device that made the account:\n"
        "\n"
        "  approve CODE   add the device that shows this code (teal link); after three\n"
        "                 wrong codes its request is refused\n"
        "  refuse ID      refuse a device that asks to be added\n"
        "  revoke ID      take a device away: what waits for it and its keys are\n"
        "                 dropped, and nobody seals for it any more\n"
        "\n"
        "The beginning of an ID is enough. The other devices are told.\n",
    [COMMAND_FORWARDING] =
        "teal forwarding [request HANDLE | allow CODE [--days=N] | revoke ID]\n"
        "\n"
        "What comes to a number of the account as SMS goes to its first device alone,\n"
        "and to those that it has granted it. Shows which these are, and until when.\n"
        "\n"
        "  request HANDLE  on a further device: ask for what comes to that number;\n"
        "                 shows a code of 6 digits\n"
        "  allow CODE     on the device that made the account: grant it to the device\n"
        "                 that shows this code, for N days (default 90, at most 365)\n"
        "  revoke ID      there too: take it back. The beginning of an ID is enough\n"
        "\n"
        "All devices are told. Each grant, and its end, stands in the key log.\n"
        "Messages with end-to-end encryption go to all devices as ever.\n",
    [COMMAND_PASSPHRASE] =
        "teal passphrase [--new-passphrase-file FILE]\n"
        "\n"
        "Seals the keychain under the passphrase in FILE, or asked for twice on the\n"
        "terminal. Needs the one that it has now.\n",
    [COMMAND_VERIFY] =
        "teal verify HANDLE\n"
        "\n"
        "Checks everything that can be checked of HANDLE from here: that its account\n"
        "key is the known one, that the key has signed each of its manifests and each\n"
        "names the one before, that they stand in the gateway's key log, and that the\n"
        "log is consistent with every head of it that this device has ever seen. Then\n"
        "shows the safety number: 60 digits that are the same on both sides if nobody\n"
        "stands in between. Compare them by other means. The gateway's own handle is\n"
        "checked in the same way; with its operator one compares the account key.\n",
    [COMMAND_AUDIT] =
        "teal audit\n"
        "\n"
        "Reads the gateway's whole key log, from where it ended last, checks that it\n"
        "gives the head that the gateway has signed, and reports manifests in your\n"
        "name that your account key has not signed, and people whose key has changed\n"
        "or whose manifests are not in order, the gateway among them. With a finding\n"
        "the status is 6.\n",
    [COMMAND_HEADS] =
        "teal heads [--compare HEAD]\n"
        "\n"
        "Prints the head of the gateway's key log in one word, for another person to\n"
        "compare. --compare takes theirs and has the gateway prove that both are of\n"
        "one log; if it cannot, it has shown you two logs: the status is 6, and the\n"
        "two heads, which it has signed, prove it.\n",
    [COMMAND_DISCLOSE] =
        "teal disclose --operator FILE [--gateway URL] HANDLE\n"
        "\n"
        "Shows every record that the gateway holds on HANDLE and the account that it\n"
        "belongs to, table by table: what its operator could be made to hand over.\n"
        "Tables that hold nothing on anybody are named with the reason. Long octets\n"
        "are cut; --json prints them whole, an object for each table, or each 100 rows\n"
        "of one. For operators.\n",
    [COMMAND_GATEWAY] =
        "teal gateway --operator FILE [--gateway URL] rotate downgrade\n"
        "\n"
        "For an operator: has the gateway's plaintext room put another downgrade key in\n"
        "the place of the one in force, as after a leak, or once a month. Consents that\n"
        "are sealed to the one before still count for as long as [keys]\n"
        "downgrade_overlap_s of the gateway's configuration says.\n",
    [COMMAND_PINS] =
        "teal pins --operator FILE [--gateway URL] drop HANDLE\n"
        "\n"
        "Has the gateway forget the account key by which it knows HANDLE, which is of\n"
        "another network: the next key that this network shows counts. Only when the\n"
        "owner has proven by other means that the key changed: until then the old key\n"
        "protects them from their own network. Stands in the gateway's log with your\n"
        "name. For operators.\n",
    [COMMAND_PEER] =
        "teal peer --operator FILE [--gateway URL] ACTION\n"
        "\n"
        "For an operator: changes the networks that a gateway bridges, while it runs.\n"
        "\n"
        "  list                    show them, with their keys\n"
        "  add NAME URL [--domains HOST,…] [--numbers PREFIX,…] [--ca-file FILE]\n"
        "                          add one, or change the one of that name; at least one\n"
        "                          domain or number prefix that nobody else has. FILE:\n"
        "                          who signs its certificate, where the system does not\n"
        "                          know them\n"
        "  key add NAME KEY        take requests that are signed by that Ed25519 key\n"
        "  key retire NAME KEY [--in=SECONDS]\n"
        "                          no longer, from now on or from then on\n"
        "  suspend NAME            send it nothing, take nothing from it; messages wait\n"
        "  resume NAME             end that\n"
        "  remove NAME [--force]   refused while messages wait, unless forced: then they\n"
        "                          end with receipts that say so\n",
    [COMMAND_SIGN] =
        "teal sign [OPTION…] METHOD URL [FILE]\n"
        "\n"
        "Prints the header lines that make a request of this device a signed one, for\n"
        "one use within five minutes. FILE is the body. With curl:\n"
        "\n"
        "  teal sign GET URL | curl -H @- URL\n"
        "  teal sign --type application/json POST URL FILE |\n"
        "      curl -H @- --data-binary @FILE URL\n"
        "\n"
        "  --type TYPE         the Content-Type, which is printed too and has to be sent\n"
        "  --as-account        sign by the account key, not the device's\n"
        "  --operator FILE     sign as an operator, by the key that teald --init made\n"
        "                      (operator.key in the state folder); needs no keychain\n",
};

const char *help_text(command c)
{
    return texts[c];
}
