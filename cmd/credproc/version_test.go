package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysWhatTheBuildKnows(t *testing.T) {
	sdk := &debug.Module{Path: stsModule, Version: "v1.2.3"}
	for _, test := range []struct {
		name string
		info debug.BuildInfo
		want string // without the platform
	}{
		{"all", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.9.0"}, Deps: []*debug.Module{{Path: "x", Version: "v9.9.9"}, sdk},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}},
			"credproc v0.9.0 (abc) go1.26.0, aws-sdk-go-v2/service/sts v1.2.3, "},
		{"modified", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"}, Deps: []*debug.Module{sdk},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}},
			"credproc (devel) (abc, modified) go1.26.0, aws-sdk-go-v2/service/sts v1.2.3, "},
		{"replaced", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"},
			Deps: []*debug.Module{{Path: stsModule, Version: "v1.2.3", Replace: &debug.Module{Path: "y", Version: "v1.2.4"}}}},
			"credproc (devel) (unknown) go1.26.0, aws-sdk-go-v2/service/sts v1.2.4, "},
		{"nothing", debug.BuildInfo{GoVersion: "go1.26.0"},
			"credproc unknown (unknown) go1.26.0, aws-sdk-go-v2/service/sts unknown, "},
	} {
		if got := buildOf(&test.info).String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
}
