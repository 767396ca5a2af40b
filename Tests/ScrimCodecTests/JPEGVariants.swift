/// A Python program that writes JPEG files of many kinds with Pillow, some with changed markers, and for
/// each Pillow's decoded pixels. It prints one line per file: name, colour space, progressive, orientation,
/// trailing bytes.
let jpegVariants = #"""
  import io, random, struct, sys
  from PIL import Image, ImageChops, ImageDraw
  out = sys.argv[1]
  random.seed(5)
  def picture(mode, w, h):
      image = Image.new('RGB', (w, h), (200, 220, 240))
      draw = ImageDraw.Draw(image)
      for _ in range(12):
          x, y = random.randrange(w), random.randrange(h)
          draw.ellipse((x, y, x + w // 3, y + h // 3), fill=tuple(random.randrange(256) for _ in range(3)))
      return image.convert(mode)
  def encoded(mode, w, h, **options):
      target = io.BytesIO()
      picture(mode, w, h).save(target, 'JPEG', **options)
      return target.getvalue()
  def without(data, marker):
      kept, i = data[:2], 2
      while data[i + 1] != 0xDA:
          size = 2 + struct.unpack('>H', data[i + 2:i + 4])[0]
          if data[i + 1] != marker: kept += data[i:i + size]
          i += size
      return kept + data[i:]
  def adobe(data, transform):
      at = data.find(b'Adobe')
      if at >= 0: return data[:at + 11] + bytes((transform,)) + data[at + 12:]
      return data[:2] + b'\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0' + bytes((transform,)) + data[2:]
  def exif(value, order):
      entry = struct.pack(order + 'HHIHH', 0x0112, 3, 1, value, 0)
      head = (b'II' if order == '<' else b'MM') + struct.pack(order + 'HIH', 42, 8, 2)
      return b'Exif\0\0' + head + struct.pack(order + 'HHII', 0x0100, 4, 1, 9) + entry + bytes(4)
  def put(name, space, data, progressive=0, orientation=1, trailing=0):
      image = Image.open(io.BytesIO(data))
      open(out + '/' + name + '.jpg', 'wb').write(data)
      # Pillow takes all ink for inverted; it is where Adobe's marker says so.
      if image.mode == 'CMYK' and b'Adobe' not in data: image = ImageChops.invert(image)
      open(out + '/' + name + '.bgrx', 'wb').write(image.convert('RGB').tobytes('raw', 'BGRX'))
      print(name, space, progressive, orientation, trailing, *image.size)
  for w, h in ((1, 1), (17, 9), (64, 48), (131, 77)):
      size = '-%d' % w
      put('gray' + size, 'gray', encoded('L', w, h))
      for s in (0, 1, 2):
          put('s%d' % s + size, 'yCbCr', encoded('RGB', w, h, subsampling=s, quality=85))
          put('p%d' % s + size, 'yCbCr', encoded('RGB', w, h, subsampling=s, progressive=True), 1)
      put('optimized' + size, 'yCbCr', encoded('RGB', w, h, optimize=True, quality=40))
      put('rgb' + size, 'rgb', adobe(without(encoded('RGB', w, h, subsampling=0), 0xE0), 0))
      cmyk = encoded('CMYK', w, h)
      put('cmyk' + size, 'cmyk', cmyk)
      put('ycck' + size, 'ycck', adobe(cmyk, 2))
      put('plain-cmyk' + size, 'cmyk', without(cmyk, 0xEE))
      put('tail' + size, 'yCbCr', encoded('RGB', w, h) + b'12345', trailing=5)
  for value in range(0, 10):
      for order in '<>':
          shown = value if 1 <= value <= 8 else 1
          put('exif%d%d' % (value, order == '<'), 'yCbCr', encoded('RGB', 20, 10, exif=exif(value, order)), 0, shown)
  put('exif-cut', 'yCbCr', encoded('RGB', 20, 10, exif=exif(6, '<')[:20]))
  """#
