// Segment's library for browsers, as a shop's pages load it: it asks our server for its settings.
import { AnalyticsBrowser } from '@segment/analytics-next'

window.speak = async ({ key, address, who, acts }) => {
  const one = AnalyticsBrowser.load(
    { writeKey: key, cdnURL: address },
    { retryQueue: true },
  )
  await one.page('Start', { path: '/start' })
  await one.identify(who, { ...acts.traits, email: `${who}@example.com` })
  await one.track('Order Completed', acts.order)
  await one.track('Something Odd', acts.odd)
  await one.screen('Basket', { items: 2 })
  await one.group('acme', acts.group)
  await one.alias(`${who}-now`, who)
  return one.instance.user().anonymousId()
}

// The batching strategy: four are sent as a batch when there are four, the rest is left by closing the page. A browser may
// drop a leaving page's request that must first ask whether it is welcome; the first batch has asked.
window.speakInBatches = async ({ key, address, who }) => {
  const one = AnalyticsBrowser.load({ writeKey: key, cdnURL: address }, {
    integrations: { 'Segment.io': { deliveryStrategy: { strategy: 'batching', config: { size: 4, timeout: 60000 } } } },
  })
  await one.identify(who)
  for (let n = 0; n < 5; n++) await one.track('Looked', { n })
}
