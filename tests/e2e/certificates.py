"""An authority and what it signs, made by certtool when a test runs: nothing that could expire is
checked in."""
import subprocess
from pathlib import Path


class Authority:
    def __init__(self, folder, name="ca"):
        self.folder, self.name = Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pem = self.make(name, "ca\ncert_signing_key\nexpiration_days = 2\n", None)

    def server(self, name, host="localhost", valid=("-1 hour", "+1 day")):
        """The certificate's path; the key lies beside it, with the ending .key."""
        return self.issue(name, host, "tls_www_server", valid)

    def client(self, name, host, valid=("-1 hour", "+1 day")):
        return self.issue(name, host, "tls_www_client", valid)

    def issue(self, name, host, purpose, valid):
        since, until = valid
        return self.make(name, f'{purpose}\ndns_name = "{host}"\nsigning_key\n'
                               f'activation_date = "{since}"\nexpiration_date = "{until}"\n', self)

    def make(self, name, template, signer):
        pem, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        template_file = self.folder / f"{name}.template"
        template_file.write_text(f'cn = "{name}"\n{template}')
        self.certtool("--generate-privkey", "--key-type", "ecdsa", "--outfile", key)
        signing = ["--generate-self-signed"] if signer is None else \
            ["--generate-certificate", "--load-ca-certificate", signer.pem,
             "--load-ca-privkey", signer.folder / f"{signer.name}.key"]
        self.certtool(*signing, "--load-privkey", key, "--template", template_file, "--outfile", pem)
        return pem

    @staticmethod
    def certtool(*arguments):
        done = subprocess.run(["certtool", *(str(a) for a in arguments)], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
