import { expect, test } from 'vitest'
import { Speedometer } from './speed'

test('speed is measured over the last seconds, not since the start', () => {
  const speed = new Speedometer()
  speed.add(0, 0)
  expect(speed.bytesPerSecond).toBeNull()
  speed.add(1000, 1_000_000)
  expect(speed.bytesPerSecond).toBe(1_000_000)
  speed.add(10_000, 1_000_000)
  speed.add(11_000, 1_500_000)
  expect(speed.bytesPerSecond).toBe(500_000)
})
