package awsconfig

import (
	"maps"
	"testing"
)

func TestSetAside(t *testing.T) {
	for _, tt := range []struct {
		name, file, want string
		credentials      bool
		wantErr          string
	}{
		{name: "empty", file: "", want: ""},
		{name: "no default", file: "[profile a]\nrole_arn = x\n", want: "[profile a]\nrole_arn = x\n"},
		{name: "default without credentials", file: "[default]\nregion = x\n", want: "\n[default]\nregion = x\n"},
		{name: "all of it", file: "[default]\nrole_arn = x\ncredential_source = Environment\n[profile a]\nb = c\n",
			want: "[profile a]\nb = c\n\n[profile old]\nrole_arn = x\ncredential_source = Environment\n"},
		{name: "some of it", file: "# all\n[profile a]\nb = c\n\n[default]\nregion = x # here\nsso_session = y\nSSO_Account_ID = 1\nCredential_Process = z\nlogin_session = l\ns3 =\n  # one\n  a = b\n\n  c = d\noutput=json\n",
			want: "# all\n[profile a]\nb = c\n\n\n[default]\nregion = x\ns3 =\n  a = b\n  c = d\noutput = json\n" +
				"\n[profile old]\nregion = x # here\nsso_session = y\nSSO_Account_ID = 1\nCredential_Process = z\nlogin_session = l\ns3 =\n  # one\n  a = b\n\n  c = d\noutput=json\n"},
		{name: "indented", file: "[default]\n  aws_access_key_id = x\n  region = y\n", want: "\n[default]\nregion = y\n\n[profile old]\n  aws_access_key_id = x\n  region = y\n"},
		{name: "named and bare", file: "[default]\naws_access_key_id = x\n[profile default]\nrole_arn = y\nregion = z\n", want: "\n[default]\nregion = z\n\n[profile old]\nrole_arn = y\nregion = z\n"},
		{name: "bare and named", file: "[profile default]\nrole_arn = y\nregion = z\n[default]\naws_access_key_id = x\n", want: "\n[default]\nregion = z\n\n[profile old]\nrole_arn = y\nregion = z\n"},
		{name: "written otherwise", file: "[profile \"default\"]\naws_access_key_id = x\n[ default ]\naws_access_key_id = y\n", want: "\n[profile old]\naws_access_key_id = y\n"},
		{name: "others have it as their source", file: "[default]\naws_access_key_id = x\n[profile a]\nrole_arn = y\nsource_profile=default\n[profile b]\n  Source_Profile : default # it\n[profile c]\nsource_profile = defaults\n",
			want: "[profile a]\nrole_arn = y\nsource_profile= old\n[profile b]\n  Source_Profile = old\n[profile c]\nsource_profile = defaults\n\n[profile old]\naws_access_key_id = x\n"},
		{name: "its own source", file: "[default]\nrole_arn = x\nsource_profile = default\n", want: "\n[profile old]\nrole_arn = x\nsource_profile = old\n"},
		{name: "others' name", file: "[profile Default]\naws_access_key_id = x\n", want: "[profile Default]\naws_access_key_id = x\n"},
		{name: "Windows", file: "\ufeff[default]\r\nregion = x\r\nrole_arn = y\r\n", want: "\n[default]\nregion = x\n\n[profile old]\nregion = x\nrole_arn = y\n"},
		{name: "for all", file: "[DEFAULT]\naws_access_key_id = x\n[default]\nregion = y\n", want: "[DEFAULT]\naws_access_key_id = x\n"},
		{name: "credentials file", credentials: true, file: "[default]\naws_access_key_id = x\nregion = y\n[a]\naws_access_key_id = z\n",
			want: "[a]\naws_access_key_id = z\n\n[default]\nregion = y\n\n[old]\naws_access_key_id = x\nregion = y\n"},
		{name: "what would become another section's", file: "[profile a]\nx = 1\n[default]\n    role_arn = y\n  [profile b]\n  region = z\n", wantErr: "FILE: is laid out in a way that cannot be changed safely"},
		{name: "no config file", file: "x", wantErr: "FILE:1: this line comes before the first [section]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := SetAside
			if tt.credentials {
				set = SetAsideCredentials
			}
			got, done, err := set("FILE", []byte(tt.file), "old")
			if (err != nil || tt.wantErr != "") && (err == nil || err.Error() != tt.wantErr) {
				t.Fatalf("error %v, not %q", err, tt.wantErr)
			}
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if err == nil && done != (tt.file != tt.want) {
				t.Errorf("done is %v", done)
			}
		})
	}
}

// Whatever a file is like: nothing is left of the default profile's credentials,
// and of no other profile is anything lost.
func FuzzSetAside(f *testing.F) {
	f.Add("[default]\nrole_arn = x\nregion = y\n[profile a]\nsource_profile = default\nb =\n  c = d\n")
	f.Add("[profile default]\n a = b\n[default]\n  role_arn : x\n c\n[profile \"default\"]\n")
	f.Add("[DEFAULT]\nrole_arn = x\n\n#\n[default]\r\nregion = y")
	f.Fuzz(func(t *testing.T, text string) {
		set, _, err := SetAside("FILE", []byte(text), "old")
		if err != nil {
			return
		}
		before, err := Parse("FILE", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		after, err := Parse("FILE", set)
		if err != nil {
			t.Fatalf("%v\n%s", err, set)
		}
		if s, ok := after.Profile("default"); ok && (written{keys: s.keys}).leadsToCredentials() {
			t.Errorf("the default profile leads to credentials:\n%s", set)
		}
		for _, name := range before.Profiles() {
			was, _ := before.Profile(name)
			is, ok := after.Profile(name)
			if isDefault("profile " + name) {
				continue
			}
			if !ok || !maps.Equal(values(was), values(is)) {
				t.Errorf("profile %q was %v, is %v:\n%s", name, values(was), values(is), set)
			}
		}
	})
}

func values(s Section) map[string]string {
	all := make(map[string]string)
	for key, v := range s.keys {
		all[key] = v.text
		if key == "source_profile" && v.text == "default" {
			all[key] = "old"
		}
	}
	return all
}
