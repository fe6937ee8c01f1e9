import { createElement, type ReactNode } from 'react'
import { Sentence } from '@/components/Sentence'

/** What the schema says of a place, ready to stand below its label; null when it says nothing. */
export function helpOf(...texts: (string | undefined)[]): ReactNode {
  const text = texts.filter(Boolean).join(' ')
  return text ? createElement(Sentence, { text }) : null
}
