import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatLoss, formatLost, formatNumber, formatPart, formatPercent, formatShape } from './format'

test('bytes take the largest unit that keeps the number above one', () => {
  expect(formatBytes(0)).toBe('0 B')
  expect(formatBytes(999)).toBe('999 B')
  expect(formatBytes(1726176)).toBe('1.73 MB')
})

test('a duration shows two units at most', () => {
  expect(formatDuration(59.4)).toBe('59 s')
  expect(formatDuration(61)).toBe('1 min 1 s')
  expect(formatDuration(7384)).toBe('2 h 3 min')
})

test('a value has four digits, a whole number all of its own', () => {
  expect(formatNumber(-2.6431877613067627)).toBe('-2.643')
  expect(formatNumber(30521)).toBe('30,521')
  expect(formatNumber(null)).toBe('–')
})

test('a loss has four digits after the point, and one that went astray still fits its column', () => {
  expect(formatLoss(0.36398589554689736)).toBe('0.3640')
  expect(formatLoss(9999.5)).toBe('9999.5000')
  expect(formatLoss(1.3523412996326785e25)).toBe('1.35e+25')
  expect(formatLoss(undefined)).toBe('–')
})

test('what is not known is a dash, never zero', () => {
  expect(formatCount(null)).toBe('–')
  expect(formatPercent(undefined)).toBe('–')
})

test('shares are shown in percent and shapes with a cross', () => {
  expect(formatPercent(0.9134)).toBe('91.3%')
  expect(formatShape([1, 28, 28])).toBe('1 × 28 × 28')
  expect(formatShape([])).toBe('one number')
})

test('a part that is not quite everything never reads as everything', () => {
  expect(formatPart(0.99971)).toBe('> 99.9%')
  expect(formatPart(0.9994)).toBe('99.9%')
  expect(formatPart(1)).toBe('100.0%')
})

test('what was lost reads as less, and what was gained as more', () => {
  expect(formatLost(0.25)).toBe('25.0% less')
  expect(formatLost(-0.05)).toBe('5.0% more')
})
