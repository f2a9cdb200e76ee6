package publish

import (
	"fmt"
	"os"
	"path/filepath"
)

// scene is ffmpeg's filter graph that makes a moving picture of one texture,
// hard to encode at every size: the view swings over the texture by fractions of
// a pixel and jumps to another place every 3.7 s, three pieces of the texture
// fly over it, one of them turning, and all of it has the noise of a sensor.
// The texture is input 0, the picture comes out as [v].
const scene = `[0]format=yuv420p,loop=-1:1:0,setpts=N/(%[3]s*TB),fps=%[3]s,split=4[a][b][c][d];` +
	`[a]crop=%[1]d*5/4:%[2]d*5/4:x='(iw-ow)*(0.5+0.5*sin(t*1.3+2.1*floor(t/3.7)))':` +
	`y='(ih-oh)*(0.5+0.5*cos(t*0.91+1.3*floor(t/3.7)))',scale=%[1]d:%[2]d:flags=bilinear[view];` +
	`[b]crop=%[1]d/4:%[2]d/4:x='mod(t*iw/20,iw-ow)':y='(ih-oh)/3'[s1];` +
	`[c]crop=%[1]d/5:%[2]d/3:x='iw/2':y='mod(t*ih/20,ih-oh)'[s2];` +
	`[d]crop=%[2]d/3:%[2]d/3:x='iw/3':y='ih/2',rotate=a='t*2'[s3];` +
	`[view][s1]overlay=x='(W-w)*(0.5+0.5*sin(t*2.3))':y='(H-h)*(0.5+0.5*sin(t*1.7))'[o1];` +
	`[o1][s2]overlay=x='(W-w)*(0.5+0.5*cos(t*1.9))':y='(H-h)*(0.5+0.5*sin(t*3.1))'[o2];` +
	`[o2][s3]overlay=x='(W-w)*(0.5+0.5*cos(t*1.1))':y='(H-h)*(0.5+0.5*sin(t*2.1))',` +
	`noise=alls=6:allf=t:all_seed=3%[4]s[v]`

// sceneArgs are ffmpeg's arguments for the scene as a video of this size and
// rate; after is a chain of filters that comes behind it. The texture is written
// into dir, where the same size shares it.
func sceneArgs(dir string, width, height int, rate, after string) ([]string, error) {
	if after != "" {
		after = "," + after
	}
	file := filepath.Join(dir, fmt.Sprintf("texture-%dx%d.ppm", width, height))
	if _, err := os.Stat(file); err != nil {
		if err := writeTexture(file, width, height); err != nil {
			return nil, err
		}
	}
	return []string{"-i", file, "-filter_complex", fmt.Sprintf(scene, width, height, rate, after), "-map", "[v]"}, nil
}

// writeTexture makes a texture that is 1.6 times the size of the view on it.
func writeTexture(file string, width, height int) error {
	f, err := os.CreateTemp(filepath.Dir(file), "texture-")
	if err != nil {
		return fmt.Errorf("texture: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := newTexture(width*8/5, height*8/5, 7).writePPM(f); err != nil {
		return err
	}
	// Renamed into place: clips that are made at the same time may share it.
	return os.Rename(f.Name(), file)
}
