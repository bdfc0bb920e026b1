"""Encoders of pictures."""

from tfmmrec.encoders.pictures.backbone import Backbone
from tfmmrec.encoders.pictures.cnn import CNN
from tfmmrec.encoders.pictures.patches import Patches
from tfmmrec.encoders.pictures.picture_encoder import PictureEncoder
from tfmmrec.encoders.pictures.resnet import ResNet

__all__ = ["CNN", "Backbone", "Patches", "PictureEncoder", "ResNet"]
