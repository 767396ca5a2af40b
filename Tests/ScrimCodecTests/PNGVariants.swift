/// A Python program that writes PNG files of every kind from their definition, using zlib only, and for
/// each the expected pixels as words, `NAME.argb`. It prints one line per file.
let pngVariants = #"""
  import random, struct, sys, zlib
  random.seed(7)
  out = sys.argv[1]
  def chunk(name, data):
      body = name + data
      return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body))
  def paeth(a, b, c):
      p = a + b - c
      pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
      return a if pa <= pb and pa <= pc else b if pb <= pc else c
  def filtered(rows, bpp):
      data, above = bytearray(), None
      for row in rows:
          kind = random.randrange(5)
          data.append(kind)
          above = above or bytes(len(row))
          for i, v in enumerate(row):
              a = row[i - bpp] if i >= bpp else 0
              b = above[i]
              c = above[i - bpp] if i >= bpp else 0
              data.append((v - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) & 255)
          above = row
      return data
  def packed(samples, depth):
      if depth == 16: return b''.join(struct.pack('>H', s) for s in samples)
      data, bits, n = bytearray(), 0, 0
      for s in samples:
          bits, n = bits << depth | s, n + depth
          if n == 8: data.append(bits); bits, n = 0, 0
      if n: data.append(bits << 8 - n)
      return bytes(data)
  def image(px, w, h, depth, channels, interlaced):
      bpp = max(1, depth * channels // 8)
      passes = [(0,0,8,8),(4,0,8,8),(0,4,4,8),(2,0,4,4),(0,2,2,4),(1,0,2,2),(0,1,1,2)] if interlaced else [(0,0,1,1)]
      data = bytearray()
      for x0, y0, dx, dy in passes:
          rows = [packed([s for x in range(x0, w, dx) for s in px[y * w + x]], depth) for y in range(y0, h, dy)]
          if rows and rows[0]: data += filtered(rows, bpp)
      return bytes(data)
  kinds = [(0,1),(0,2),(0,4),(0,8),(0,16),(2,8),(2,16),(3,1),(3,2),(3,4),(3,8),(4,8),(4,16),(6,8),(6,16)]
  channels = {0:1, 2:3, 3:1, 4:2, 6:4}
  for color, depth in kinds:
    for w, h in [(1,1),(3,2),(9,7),(33,17)]:
      for interlaced in (0, 1):
        for keyed in ((0, 1) if color in (0, 2, 3) else (0,)):
          top = (1 << depth) - 1
          palette = [tuple(random.randrange(256) for _ in range(3)) for _ in range(random.randint(1, min(top + 1, 256)))]
          limit = len(palette) - 1 if color == 3 else top
          px = [tuple(random.randint(0, limit) for _ in range(channels[color])) for _ in range(w * h)]
          full = random.random() < .3
          if color in (4, 6) and full: px = [p[:-1] + (top,) for p in px]
          key = px[len(px) // 2]
          trans = [random.randrange(256) for _ in range(random.randint(1, len(palette)))]
          deep = []
          for p in px:
              if color == 3:
                  a = trans[p[0]] if keyed and p[0] < len(trans) else 255
                  deep.append([v * 257 for v in palette[p[0]] + (a,)])
                  continue
              a = p[-1] if color in (4, 6) else 0 if keyed and p == key else top
              c = p[:3] if color in (2, 6) else (p[0],) * 3
              deep.append([v * 65535 // top for v in c + (a,)])
          # To 8 bits: rounded to the nearest, exact where the depth is 8 or less.
          words = b''.join(bytes((2 * v * 255 + 65535) // (2 * 65535) for v in (b, g, r, a)) for r, g, b, a in deep)
          data = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, depth, color, 0, 0, interlaced))
          data += chunk(b'gAMA', struct.pack('>I', random.choice((45455, 100000, 10000))))
          if random.random() < .5: data += chunk(b'sRGB', b'\0')
          else: data += chunk(b'iCCP', b'wrong\0\0' + zlib.compress(b'no profile'))
          if color == 3: data += chunk(b'PLTE', bytes(v for c in palette for v in c))
          if keyed:
              data += chunk(b'tRNS', bytes(trans) if color == 3 else b''.join(struct.pack('>H', v) for v in key))
          data += chunk(b'bKGD', b'\0' if color == 3 else bytes(2 if color in (0, 4) else 6))
          data += chunk(b'tEXt', b'Comment\0text') + chunk(b'prVt', b'private')
          body = zlib.compress(image(px, w, h, depth, channels[color], interlaced), random.randrange(10))
          cut = random.randint(0, len(body))
          data += chunk(b'IDAT', body[:cut]) + chunk(b'IDAT', b'') + chunk(b'IDAT', body[cut:]) + chunk(b'tIME', bytes(7))
          data += chunk(b'IEND', b'')
          name = '%d-%d-%dx%d-%d%d' % (color, depth, w, h, interlaced, keyed)
          open(out + '/' + name + '.png', 'wb').write(data)
          open(out + '/' + name + '.argb', 'wb').write(words)
          alpha = 1 if keyed or color in (4, 6) else 0
          print(name, w, h, depth, color, interlaced, alpha, 1 if all(p[3] == 65535 for p in deep) else 0)
  """#
