/** Bursts of tones for an alarm: more and quicker ones the sooner harm may come, in the manner of IEC 60601-1-8. */

type Priority = "high" | "medium" | "low";

const BURSTS: Record<Priority, { pulses: number; gap_s: number; repeat_s: number; pitch_hz: number }> = {
  high: { pulses: 10, gap_s: 0.16, repeat_s: 4, pitch_hz: 880 },
  medium: { pulses: 3, gap_s: 0.25, repeat_s: 8, pitch_hz: 660 },
  low: { pulses: 1, gap_s: 0.3, repeat_s: 20, pitch_hz: 520 },
};

function burst(context: AudioContext, priority: Priority): void {
  const { pulses, gap_s, pitch_hz } = BURSTS[priority];
  for (let n = 0; n < pulses; n++) {
    const [tone, loudness] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + n * gap_s;
    tone.frequency.value = pitch_hz;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.25, start + 0.02);
    loudness.gain.linearRampToValueAtTime(0, start + gap_s * 0.7);
    tone.connect(loudness).connect(context.destination);
    tone.start(start);
    tone.stop(start + gap_s);
  }
}

/** Sounds until the function returned is called. */
export function sound(priority: Priority): () => void {
  const context = new AudioContext();
  burst(context, priority);
  const timer = setInterval(() => burst(context, priority), BURSTS[priority].repeat_s * 1000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
