"""What can be done with images? The functions of `fl.image.*`, under the names of keras.ops.image."""

from __future__ import annotations

from fanlight.ops.blocks import extract_patches, extract_patches_3d
from fanlight.ops.colors import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from fanlight.ops.filtering import gaussian_blur, sobel_edges, ssim
from fanlight.ops.framing import crop_images, pad_images
from fanlight.ops.resizing import resize, scale_and_translate
from fanlight.ops.sampling import map_coordinates
from fanlight.ops.warping import affine_transform, elastic_transform, perspective_transform

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
