import type { Upstream } from '../http/upstream.js'
import { refuseAtWall, securityPage } from '../twse/security-wall.js'
import { mopsRecordings } from './recordings.js'
import { revenuePage } from './revenue-page.js'

/** The reports of companies, behind the same wall as TWSE: requests to both count together. */
export const mops: Upstream = {
  id: 'mops',
  limits: [],
  countedBy: () => 'twse',
  refuse: refuseAtWall,
  recordings: mopsRecordings,
  captchaPage: () => securityPage(200),
  routes: [revenuePage],
}
