package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/certificate"
	"ladderd/config"
	"ladderd/door"
	"ladderd/event"
	"ladderd/exposition"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
	"ladderd/playback"
	"ladderd/service"
	"ladderd/stream"
)

// lastWords is how long viewers may take to fetch the end of their streams when
// the daemon stops.
const lastWords = 5 * time.Second

// lastAnswers is how long what is being sent to them then may take. Both together
// stay well below the systemd unit's TimeoutStopSec.
const lastAnswers = 5 * time.Second

// daemon is all that `ladderd serve` runs: the hub, and a server per listener.
type daemon struct {
	log          *slog.Logger
	file         string         // what a reload reads; empty where there is none
	level        *slog.LevelVar // log's; nil without a file
	config       *config.Config // as it was taken last; await's goroutine has it
	reloads      reloads
	disk         *packager.Disk // nil where windows stay in memory
	diskErr      error          // why they do, where they should not
	hub          *stream.Hub
	devices      *devices
	prove        func()             // has the devices looked at
	probing      context.CancelFunc // stops that
	play         *playback.Handler
	crowd        *crowd
	pages        atomic.Pointer[pages] // the channels'
	viewers      *playback.Server
	entrance     *door.Door // of publishers
	certificates []*certificate.Store
	addresses    map[string]net.Addr // of the listeners, by what they are for
	journal      *journal
	api          *api
	manager      *service.Manager // nil where nobody wants to know
	sockets      *service.Sockets // that the manager opened
	watchdog     *service.Watchdog
	phase        phase
	measuring    *measuring
	exposed      *exposition.Collector
	servers      []server // in the order in which they are to be stopped
	running      sync.WaitGroup
	failed       chan error // a listener that ended by itself
}

// server is one listener's.
type server struct {
	name  string
	serve func() error
	stop  func() error
}

// newDaemon opens the listeners that the configuration names, so that what is
// wrong with them is known before anything runs.
func newDaemon(cfg *config.Config, log *slog.Logger) (*daemon, error) {
	return newDaemonOn(nil, cfg, log)
}

// newDaemonOn is newDaemon with listeners of the service manager's in the place of those that
// would be opened.
func newDaemonOn(sockets *service.Sockets, cfg *config.Config, log *slog.Logger) (*daemon, error) {
	journal, err := openJournal(cfg, log) // first: its store tells whether another daemon has data_dir
	if err != nil {
		return nil, err
	}
	api, err := openAPI(cfg, log)
	if err != nil {
		journal.close(log)
		return nil, err
	}
	disk, diskErr := windowDisk(cfg, log)
	devices, err := newDevices(cfg, log)
	if err != nil {
		api.close(log)
		journal.close(log)
		return nil, err
	}
	measuring := openMetrics(cfg, log)
	d := &daemon{
		log: log, config: cfg, disk: disk, diskErr: diskErr, devices: devices, probing: func() {}, journal: journal, api: api, sockets: sockets,
		measuring: measuring, addresses: map[string]net.Addr{},
	}
	d.exposed = exposition.New(d.sources())
	d.hub = d.newHub(cfg)
	d.watchdog = service.NewWatchdog(log, d.probes()...)
	d.crowd = &crowd{tell: d.happened}
	d.crowd.most.Store(int64(cfg.Limits.ConcurrentViews))
	d.play = playback.NewHandler(playback.Config{
		Region: cfg.Server.Region, Account: cfg.Server.Account, Rules: admittance{privacy{d.hub}, d.crowd}, Log: log,
	}, viewers{d.hub})
	d.crowd.views = d.play.AllViews
	measuring.begin(d.hub, d.play)
	err = errors.Join(d.addIngest(cfg), d.addPlayback(cfg), d.addMetrics(cfg))
	if err == nil {
		err = d.addAPI(cfg)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	d.warnOfSockets()
	return d, nil
}

func (d *daemon) newHub(cfg *config.Config) *stream.Hub {
	return stream.NewHub(hubChannels(cfg), stream.Options{
		Part: media.FromDuration(cfg.Playback.PartDuration), Window: media.FromDuration(cfg.Playback.Window),
		Memory: cfg.Playback.WindowMemory, Disk: d.disk, Linger: cfg.Playback.Linger, Devices: d.devices, Log: d.log,
		Transcode: func(j pipeline.Job, o pipeline.Options) (stream.Transcoder, error) { return pipeline.Start(j, o) },
		Metadata: func(channel, stream string, m stream.Metadata) {
			d.log.Debug("timed metadata", "channel", channel, "stream", stream, "name", m.Name, "time", m.Time, "bytes", len(m.Data))
		},
		Terms: hubTerms(cfg), Events: d.happened,
		Ended: func(s stream.Status) {
			d.measuring.ended(s)
			d.exposed.Ended(s)
		},
	})
}

// happened takes an event to all who are to know of it.
func (d *daemon) happened(e stream.Event) {
	if e.Name() == event.NameSessionCreated {
		d.devices.stopMeasuring() // also for streams that are only passed through
	}
	logEvent(d.log, e.Event)
	d.exposed.Event(e.Event)
	d.journal.tell(e)
}

func hubChannels(cfg *config.Config) []stream.Channel {
	channels := make([]stream.Channel, len(cfg.Channels))
	for i, c := range cfg.Channels {
		channels[i] = stream.Channel{
			ID: c.ID, Name: c.Name, Type: c.Type, Preset: c.Preset, Key: c.StreamKey.Reveal(), Insecure: c.InsecureIngest,
			Passphrase: c.SRTPassphrase.Reveal(),
			Container:  packager.Container(c.ContainerFormat), Latency: packager.Latency(c.LatencyMode),
		}
	}
	return channels
}

func hubTerms(cfg *config.Config) stream.Terms {
	return stream.Terms{
		ReconnectWindow: cfg.Ingest.ReconnectWindow, Longest: cfg.Limits.StreamDuration,
		Streams: cfg.Limits.ConcurrentStreams, Takeovers: cfg.Limits.Takeovers,
		Interlaced: pipeline.Interlaced(cfg.Pipeline.Interlaced),
	}
}

func (d *daemon) addMetrics(cfg *config.Config) error {
	ln, err := d.listen("metrics", cfg.Metrics.Listen)
	if ln == nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", d.health())
	mux.Handle("GET /metrics", d.exposed.Handler())
	d.journal.handle(mux)
	s := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	d.servers = append(d.servers, server{"metrics", func() error {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve metrics: %w", err)
		}
		return nil
	}, s.Close})
	return nil
}

// listen opens a listener; none and no error where the configuration has it off.
func (d *daemon) listen(name string, at config.Address) (net.Listener, error) {
	if at == "" {
		return nil, nil
	}
	ln, err := d.inherited(name)
	if ln == nil && err == nil {
		ln, err = net.Listen("tcp", string(at))
	}
	if err != nil {
		return nil, fmt.Errorf("open the %s listener: %w", name, err)
	}
	d.addresses[name] = ln.Addr() // port 0 has become another
	d.log.Info("listening", "for", name, "address", ln.Addr())
	return ln, nil
}

func (d *daemon) start() {
	d.failed = make(chan error, len(d.servers))
	ctx, stop := context.WithCancel(context.Background())
	d.probing = stop
	d.prove = func() { d.running.Go(func() { d.devices.prove(ctx) }) }
	d.prove()
	d.running.Go(func() { d.devices.watch(ctx, d.hub) })
	for _, s := range d.servers {
		d.running.Go(func() {
			if err := s.serve(); err != nil {
				d.log.Error("listener failed", "listener", s.name, "reason", err)
				d.failed <- fmt.Errorf("the %s listener failed: %w", s.name, err)
			}
		})
	}
}

// close drains: the streams end first, then the publishers' connections, and the
// viewers' last, since their playlists have just got their end. Then nobody needs
// the window any more.
func (d *daemon) close() {
	d.probing()
	d.hub.Close()
	for _, s := range d.servers {
		if err := s.stop(); err != nil {
			d.log.Warn("listener did not stop cleanly", "listener", s.name, "reason", err)
		}
	}
	d.running.Wait()
	d.measuring.close(d.log)
	d.api.close(d.log)
	d.journal.close(d.log)
	if d.disk == nil {
		return
	}
	if err := d.disk.Close(); err != nil {
		d.log.Warn("the window's files could not be removed", "reason", err)
	}
}
