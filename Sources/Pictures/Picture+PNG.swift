internal import CPNG
internal import LinAlg
internal import WholeFiles

/// Why a picture could not be written.
public enum PictureError: Error, Hashable, CustomStringConvertible {
  /// libpng cannot encode it, and says why.
  case cannotEncode(String)
  /// The file cannot be written.
  case cannotWrite(path: String, reason: String)

  /// One line: what is wrong.
  public var description: String {
    switch self {
    case .cannotEncode(let reason): "the picture cannot be encoded as PNG: \(reason)"
    case .cannotWrite(let path, let reason): "\(path): \(reason)"
    }
  }
}

extension Picture {
  /// The bytes of a PNG file (ISO/IEC 15948), compressed by libpng.
  ///
  /// - Throws: ``PictureError``, where the picture is too large for the format or for memory.
  /// - Precondition: ``samples`` are as many as the picture was made with.
  public func png() throws(PictureError) -> [UInt8] {
    // libpng counts by the sizes alone.
    require(
      samples.count == width * height * channels,
      "png: \(samples.count) samples for \(height) × \(width) pixels with \(channels) channels")
    guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
      throw .cannotEncode("\(height) × \(width) pixels are too many")
    }
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    (image.width, image.height) = (width, height)
    image.format = channels == 1 ? 0 : UInt32(PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }
    // How many bytes it takes, then the bytes.
    var count: png_alloc_size_t = 0
    guard png_image_write_to_memory(&image, nil, &count, 0, samples, 0, nil) != 0 else {
      throw .cannotEncode(message(of: image))
    }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    guard png_image_write_to_memory(&image, &bytes, &count, 0, samples, 0, nil) != 0 else {
      throw .cannotEncode(message(of: image))
    }
    return Array(bytes.prefix(Int(count)))
  }

  /// Writes a PNG file, whole or not at all.
  ///
  /// - Throws: ``PictureError``; what stood at the path is then as it was.
  public func write(to path: String) throws(PictureError) {
    let bytes = try png()
    do {
      try WholeFile.write(bytes, to: path)
    } catch {
      throw .cannotWrite(path: error.path, reason: error.reason)
    }
  }
}

/// What libpng says about its last call.
private func message(of image: png_image) -> String {
  withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
