// The latency of the last minute as a curve, with the target as a dashed line.

const KEPT = 240; // readings: a minute of them

export function createChart(canvas) {
  const readings = [];
  let target = 0;

  function add(value, wanted) {
    readings.push(value);
    if (readings.length > KEPT) readings.shift();
    target = wanted;
    draw();
  }

  function draw() {
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    const top = Math.max(1, target, ...readings) * 1.2;
    const y = (value) => height - 1 - (value / top) * (height - 2);
    const x = (i) => width - ((readings.length - 1 - i) * width) / (KEPT - 1);
    const color = getComputedStyle(canvas).color;
    pen.strokeStyle = color;
    if (target) {
      pen.globalAlpha = 0.45;
      pen.setLineDash([4, 4]);
      pen.beginPath();
      pen.moveTo(0, y(target));
      pen.lineTo(width, y(target));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
    pen.lineWidth = 2;
    pen.lineJoin = 'round';
    pen.beginPath();
    readings.forEach((value, i) => {
      if (value === null) return;
      const begins = i === 0 || readings[i - 1] === null;
      if (begins) pen.moveTo(x(i), y(value));
      else pen.lineTo(x(i), y(value));
    });
    pen.stroke();
  }

  return { add };
}
