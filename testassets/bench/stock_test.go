package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// workersFile tells x264 what it is told.
const workersFile = "../../pipeline/worker/x264.go"

// TestSameOptionsAreTheWorkers reads the worker's source, which hides its options,
// and wants each of them in workersOptions. It fails as well where the worker has
// options or figures that workersOptions has never heard of.
func TestSameOptionsAreTheWorkers(t *testing.T) {
	figures, texts := workersSource(t)
	want := map[string]string{"x264Lookahead": "0.05", "vbvBuffer": "0.2", "x264Large": "1 << 24"}
	for name, value := range want {
		if figures[name] != value {
			t.Errorf("%s is %q, and %q for workersOptions", name, figures[name], value)
		}
	}
	small, large := workersOptions(rung{Width: 852, Height: 480, FPS: 30}), workersOptions(rung{Width: 1280, Height: 720, FPS: 60})
	all := strings.Join(append(small, large...), " ")
	// Of the container, of SEI messages, and the names of options.
	elsewhere := []string{"annexb=0", "a53cc", "1", "udu_sei", "preset", "forced-idr", "x264-params", ":"}
	for _, text := range texts {
		if !slices.Contains(elsewhere, text) && !strings.Contains(all, text) {
			t.Errorf("x264Options has %q, workersOptions has not", text)
		}
	}
	for _, o := range slices.Concat(small, large) {
		for param := range strings.SplitSeq(o, ":") {
			name, _, is := strings.Cut(param, "=")
			if is && !slices.ContainsFunc(texts, func(s string) bool { return strings.HasPrefix(s, name+"=") }) {
				t.Errorf("workersOptions has %q, x264Options has not", param)
			}
		}
	}
}

// workersSource is the worker's constants, and the strings in x264Options.
func workersSource(t *testing.T) (figures map[string]string, texts []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), workersFile, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	figures = map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if len(n.Values) == 1 {
				figures[n.Names[0].Name] = written(n.Values[0])
			}
		case *ast.FuncDecl:
			return n.Name.Name == "x264Options"
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				texts = append(texts, text)
			}
		}
		return true
	})
	// The imports' paths come first.
	texts = texts[len(file.Imports):]
	if len(texts) == 0 {
		t.Fatalf("%s has no x264Options", workersFile)
	}
	return figures, texts
}

// written is a number as the source has it.
func written(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.BinaryExpr:
		return written(e.X) + " " + e.Op.String() + " " + written(e.Y)
	}
	return ""
}

func TestOptionsGrowWithTheRendition(t *testing.T) {
	for _, c := range []struct {
		r                 rung
		preset, lookahead string
	}{
		{rung{Width: 1280, Height: 720, FPS: 60, Bitrate: 3_400_000}, "superfast", "rc-lookahead=3:"},
		{rung{Width: 852, Height: 480, FPS: 30, Bitrate: 1_400_000}, "veryfast", "rc-lookahead=2:"},
	} {
		got := strings.Join(workersOptions(c.r), " ")
		if !strings.Contains(got, "-preset "+c.preset) || !strings.Contains(got+":", c.lookahead) ||
			!strings.Contains(got, "-bufsize "+strconv.Itoa(c.r.Bitrate/5)) {
			t.Errorf("%+v gets %s", c.r, got)
		}
	}
}

func TestCommandMakesEveryRung(t *testing.T) {
	rungs := []rung{{"720p60", 1280, 720, 60, 3_400_000, 0}, {"160p30", 284, 160, 30, 230_000, 48_000}}
	args, files := operators("in.mp4", rungs).toFiles("dir")
	got := strings.Join(args, " ")
	for _, want := range []string{
		"[0:v]split=2[s0][s1];[s0]null,scale=1280:720[v0];[s1]fps=30,scale=284:160[v1]",
		"-map 0 -c copy -f mp4 dir/source.mp4",
		"-b:v 3400000 -maxrate 3400000", "-x264-params nal-hrd=cbr -force_key_frames expr:gte(t,n_forced*2) -c:a copy -f mp4 dir/720p60.mp4",
		"-c:a aac -b:a 48000 -f mp4 dir/160p30.mp4",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if !slices.Equal(files, []string{"dir/720p60.mp4", "dir/160p30.mp4"}) {
		t.Errorf("files %v", files)
	}
}
